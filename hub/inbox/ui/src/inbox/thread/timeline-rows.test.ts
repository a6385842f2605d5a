import { expect, test } from 'vitest';
import type { Message } from '$shared/types';
import { message } from '../testing/samples';
import { timelineRows } from './timeline-rows';

const types = (messages: Message[], complete = true, unread: string | null = null) => timelineRows(messages, complete, unread).map((row) => row.type);

test('the first message stands under its day and its channel', () => {
  expect(types([message()])).toEqual(['day', 'channel', 'message']);
});

test('while earlier messages are not loaded the first channel is not called the first', () => {
  expect(types([message()], false)).toEqual(['day', 'message']);
});

test('a divider stands where the channel changes, and only there', () => {
  const rows = timelineRows([message(), message(), message({ connector: 'mail', kind: 'email', address: 'mailto:sofia@example.com' })], true);
  expect(rows.map((row) => row.type)).toEqual(['day', 'channel', 'message', 'message', 'channel', 'message']);
  expect(rows[4]).toMatchObject({ kind: 'email', first: false });
});

test('the same channel from another address is a change too', () => {
  expect(types([message(), message({ address: 'tel:+37255500199' })]).filter((type) => type === 'channel')).toHaveLength(2);
});

test('a note between two messages does not change the channel', () => {
  const note = message({ type: 'note', connector: null, kind: null, address: null, direction: 'out' });
  expect(types([message(), note, message()])).toEqual(['day', 'channel', 'message', 'message', 'message']);
});

test('a new conversation is marked', () => {
  expect(types([message(), message({ conversation_id: '101' })])).toEqual(['day', 'channel', 'message', 'conversation', 'message']);
});

test('conversations that go on side by side are marked only where they begin', () => {
  const messages = [message(), message({ conversation_id: '101' }), message(), message({ conversation_id: '101' })];
  expect(types(messages)).toEqual(['day', 'channel', 'message', 'conversation', 'message', 'message', 'message']);
});

test('a merged conversation does not begin a new one', () => {
  const messages = [message(), message({ conversation_id: '101' })];
  const rows = timelineRows(messages, true, null, (id) => (id === '101' ? '100' : id));
  expect(rows.map((row) => row.type)).toEqual(['day', 'channel', 'message', 'message']);
});

test('a line stands above the first unread message', () => {
  const unread = message();
  expect(types([message(), unread], true, unread.id)).toEqual(['day', 'channel', 'message', 'unread', 'message']);
});

test('messages of one author within five minutes belong together', () => {
  const rows = timelineRows([message({ created_at: '2025-06-02T09:00:00Z' }), message({ created_at: '2025-06-02T09:02:00Z' }), message({ created_at: '2025-06-02T09:30:00Z' })], true);
  const groups = rows.filter((row) => row.type === 'message').map(({ startsGroup, endsGroup }) => [startsGroup, endsGroup]);
  expect(groups).toEqual([
    [true, false],
    [false, true],
    [true, true],
  ]);
});

test('a duplicate from another channel stands with the first message, without a divider', () => {
  const first = message();
  const duplicate = message({ connector: 'mail', kind: 'email', address: 'mailto:sofia@example.com', duplicate_of: first.id });
  const rows = timelineRows([first, duplicate], true);
  expect(rows.map((row) => row.type)).toEqual(['day', 'channel', 'message']);
  expect(rows[2]).toMatchObject({ message: { id: first.id }, duplicates: [{ id: duplicate.id }] });
});

test('a duplicate whose first message is not loaded stands by itself', () => {
  expect(types([message({ duplicate_of: '1' })], false)).toEqual(['day', 'message']);
});

test('the stored message keeps the key of the optimistic one, so that nothing jumps', () => {
  const [, , row] = timelineRows([message({ client_id: 'c-1' })], true);
  expect(row?.key).toBe('c-1');
});

const system = { author: { type: 'system' as const, id: null, name: '' } };
const routed = (name: string, more: Partial<Message> = {}) => message({ type: 'event', connector: null, kind: null, event: { name }, ...system, ...more });

test('successive events of the router stand in one row', () => {
  const events = ['conversation.assigned', 'conversation.unanswered', 'conversation.queued', 'conversation.assigned'].map((name) => routed(name));
  const rows = timelineRows([message(), ...events, message()], true);
  expect(rows.map((row) => row.type)).toEqual(['day', 'channel', 'message', 'routing', 'message']);
  expect(rows[3]).toMatchObject({ messages: events.map(({ id }) => ({ id })) });
});

test('what a person did, and other events, part the events of the router', () => {
  const byHand = routed('conversation.assigned', { author: { type: 'agent', id: '1', name: 'Mari' } });
  const messages = [message(), routed('conversation.queued'), byHand, routed('conversation.queued'), routed('sla.warning'), routed('conversation.assigned')];
  expect(types(messages).filter((type) => type === 'event')).toHaveLength(5);
});

test('a row of the router keeps its key while it grows', () => {
  const events = [routed('conversation.queued'), routed('conversation.assigned'), routed('conversation.agent_left')];
  const keyOf = (count: number) => timelineRows(events.slice(0, count), true).at(-1)?.key;
  expect(keyOf(3)).toBe(keyOf(2));
});
