import { expect, test } from 'vitest';
import type { Message } from '$shared/types';
import { conversation, fakeApi, message, page, sofia } from '../testing/samples';
import { localId, Thread } from './thread.svelte';

async function opened(...messages: Message[]): Promise<Thread> {
  const thread = new Thread(fakeApi({ timeline: () => page(messages.toReversed()) }));
  await thread.open(conversation());
  return thread;
}

const texts = (thread: Thread) => thread.messages.map((each) => each.text);

test('messages stand in the order of their time, then of their id', async () => {
  const at = '2025-06-02T09:00:00Z';
  const thread = await opened(message({ text: 'second', id: '8', created_at: at }), message({ text: 'first', id: '7', created_at: at }));
  thread.heard(message({ text: 'before', created_at: '2025-06-02T08:00:00Z' }));
  expect(texts(thread)).toEqual(['before', 'first', 'second']);
});

test('a message heard twice is shown once', async () => {
  const thread = await opened();
  const said = message();
  thread.heard(said);
  thread.heard({ ...said });
  expect(thread.messages).toHaveLength(1);
});

test('the stored message takes the place of the optimistic one', async () => {
  const thread = await opened();
  thread.heard(message({ id: localId('c-1'), client_id: 'c-1', direction: 'out' }));
  thread.heard(message({ id: '77', client_id: 'c-1', direction: 'out' }));
  expect(thread.messages.map((each) => each.id)).toEqual(['77']);
});

test('the event that overtakes the answer of the API leaves no optimistic message behind', async () => {
  const thread = await opened();
  thread.heard(message({ id: '77', client_id: 'c-1', direction: 'out' }));
  thread.heard(message({ id: localId('c-1'), client_id: 'c-1', direction: 'out' }));
  expect(thread.messages.map((each) => each.id)).toEqual(['77']);
});

test('an answer that an event has overtaken does not bring back older ticks', async () => {
  const thread = await opened();
  const [sent, read] = (['sent', 'read'] as const).map((status) =>
    message({ id: '77', direction: 'out', delivery: { status, code: '', reason: '', attempts: 1, maybe_twice: false, fallback_from: null } }),
  );
  const askedAt = performance.now() - 1;
  thread.heard(read!);
  thread.heard(sent!, sofia.id, askedAt);
  expect(thread.messages[0]?.delivery?.status).toBe('read');
});

test('what was asked before a thread began anew is no answer, also about the same person', async () => {
  const answers: ((page: unknown) => void)[] = [];
  const thread = new Thread(fakeApi({ timeline: () => new Promise((resolve) => answers.push(resolve)) as never }));
  const merged = thread.open(conversation());
  thread.close();
  const parted = thread.open(conversation());
  answers[1]!(page([message({ text: 'their own' })]));
  answers[0]!(page([message({ text: 'of the other' }), message({ text: 'their own' })]));
  await Promise.all([merged, parted]);
  expect(texts(thread)).toEqual(['their own']);
});

test('a message of somebody else does not appear', async () => {
  const thread = await opened();
  thread.heard(message({ contact_id: '11' }));
  expect(thread.messages).toHaveLength(0);
});

test('after a merge a message that another record wrote belongs to the person', async () => {
  const thread = await opened();
  thread.heard(message({ contact_id: '11' }), sofia.id);
  expect(thread.messages).toHaveLength(1);
});

test('the answer goes by the last thing that the customer said, not by a note or an event', async () => {
  const thread = await opened(message({ text: 'asked', connector: 'sms' }), message({ type: 'note', direction: 'out' }), message({ type: 'event', connector: 'mail' }));
  expect(thread.lastInbound?.text).toBe('asked');
});

test('somebody stops typing when their message arrives', async () => {
  const thread = await opened();
  const author = { type: 'contact' as const, id: sofia.id, name: 'Sofia' };
  thread.heardTyping({ conversation_id: '100', author, on: true }, sofia.id, '1');
  expect(thread.typing).toHaveLength(1);
  thread.heard(message());
  expect(thread.typing).toHaveLength(0);
});

test('one does not see oneself typing', async () => {
  const thread = await opened();
  thread.heardTyping({ conversation_id: '100', author: { type: 'agent', id: '1', name: 'Mari' }, on: true }, sofia.id, '1');
  expect(thread.typing).toHaveLength(0);
});

test('the line for what is new stands above the first unread message', async () => {
  const [first, second] = [message(), message()];
  const thread = new Thread(fakeApi({ timeline: () => page([second, first]) }));
  await thread.open(conversation({ unread_count: 1 }));
  const at = thread.rows.findIndex((row) => row.type === 'unread');
  expect(thread.rows[at + 1]).toMatchObject({ message: { id: second.id } });
});

test('after a lost connection pages are read until they join what is known', async () => {
  const known = message({ text: 'known' });
  const missed = [message({ text: 'missed 1' }), message({ text: 'missed 2' })];
  const answers = [page([known]), page([missed[1]!], 'more'), page([missed[0]!, known])];
  const thread = new Thread(fakeApi({ timeline: () => answers.shift() }));
  await thread.open(conversation());
  await thread.refresh();
  expect(texts(thread)).toEqual(['known', 'missed 1', 'missed 2']);
  expect(answers).toHaveLength(0);
});

test('an answer for a thread that was left meanwhile is thrown away', async () => {
  let arrive: (value: unknown) => void = () => {};
  const slow = new Promise((resolve) => (arrive = resolve));
  const answers = [slow, page([message({ contact_id: '11', text: 'other' })])];
  const thread = new Thread(fakeApi({ timeline: () => answers.shift() }));
  const first = thread.open(conversation());
  await thread.open(conversation({ id: '200', contact: { ...sofia, id: '11' } }));
  arrive({ items: [message({ text: 'late' })], next: null });
  await first;
  expect(texts(thread)).toEqual(['other']);
});
