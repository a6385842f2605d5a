import { expect, test } from 'vitest';
import type { Message } from '$shared/types';
import { message } from '../testing/samples';
import { eventDetail, eventText } from './event-text';

const channel = (connector: string | null) => ({ website: 'Web chat', telegram: 'Telegram', sms: 'SMS', messenger: 'Messenger' })[connector ?? ''] ?? '';
const place = (connector: string, address = 'x:1') => ({ connector, kind: connector, address });

function said(event: NonNullable<Message['event']>, more: Partial<Message> = {}): string {
  const told = message({ type: 'event', direction: 'out', text: '', event, author: { type: 'system', id: null, name: '' }, ...more });
  // Marks around names are for the eye alone.
  return eventText(told, channel).replaceAll(/[\u2068\u2069]/gu, '');
}

const sofia = { author: { type: 'contact' as const, id: '10', name: 'Sofia' } };

test('a switch of channel says from where to where', () => {
  expect(said({ name: 'channel.switched', from: place('website'), to: place('telegram') }, sofia)).toBe('Sofia went on from Web chat to Telegram');
});

test('a link gives its reason and its undoing the person who did it', () => {
  expect(said({ name: 'contact.linked', reason: 'They used the one-time link.' })).toBe('One person: They used the one-time link.');
  expect(said({ name: 'contact.unlinked', by: 'Alex' })).toBe('Alex took a link back: they are separate people again');
});

test('an invitation tells who made it and who followed it', () => {
  expect(said({ name: 'handover.created', connector: 'telegram', by: 'Alex' })).toBe('Alex made a link to go on by Telegram');
  expect(said({ name: 'handover.redeemed', connector: 'telegram' }, sofia)).toBe('Sofia followed the link to Telegram');
});

test('what went elsewhere says where, and why not where it was meant for', () => {
  const event = { name: 'delivery.fallback', from: place('messenger'), to: place('sms'), code: 'window_closed', reason: 'closed' };
  expect(said(event)).toBe('Sent by SMS instead of Messenger: its reply window had closed');
  expect(said({ ...event, to: null, code: 'new_code', reason: 'Something new.' })).toBe('It could not go by Messenger, and there is no other way: Something new.');
});

test('clocks say which one and when', () => {
  expect(said({ name: 'sla.breached', clock: 'first_reply', due: '2025-06-02T09:00:00Z' })).toMatch(/^The first reply was due at .+ and is late$/u);
});

test('an event that is new here is told in the words that the server has', () => {
  expect(said({ name: 'queue.moved_on' })).toBe('Queue moved on');
  expect(said({ name: 'queue.moved_on', reason: 'Nobody was free.' })).toBe('Nobody was free.');
});

test('the router’s reason is there for whoever asks', () => {
  const told = message({ type: 'event', text: '', event: { name: 'conversation.assigned', agent: 'Mari', agent_id: '1', reason: 'Fewest conversations.' }, author: { type: 'system', id: null, name: '' } });
  expect(eventDetail(told, eventText(told))).toBe('Fewest conversations.');
});
