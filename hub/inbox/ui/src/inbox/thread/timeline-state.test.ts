import { expect, test } from 'vitest';
import type { Message } from '$shared/types';
import { conversation, fakeApi, message, page, sofia } from '../testing/samples';
import { localId, Timeline } from './timeline-state.svelte';

async function opened(...messages: Message[]): Promise<Timeline> {
  const timeline = new Timeline(fakeApi({ timeline: () => page(messages.toReversed()) }));
  await timeline.open(conversation());
  return timeline;
}

const texts = (timeline: Timeline) => timeline.messages.map((message) => message.text);

test('messages stand in the order of their time, then of their id', async () => {
  const at = '2025-06-02T09:00:00Z';
  const timeline = await opened(message({ text: 'second', id: '8', created_at: at }), message({ text: 'first', id: '7', created_at: at }));
  timeline.applyMessage(message({ text: 'before', created_at: '2025-06-02T08:00:00Z' }));
  expect(texts(timeline)).toEqual(['before', 'first', 'second']);
});

test('a message received twice is shown once', async () => {
  const timeline = await opened();
  const received = message();
  timeline.applyMessage(received);
  timeline.applyMessage({ ...received });
  expect(timeline.messages).toHaveLength(1);
});

test('the stored message takes the place of the optimistic one', async () => {
  const timeline = await opened();
  timeline.applyMessage(message({ id: localId('c-1'), client_id: 'c-1', direction: 'out' }));
  timeline.applyMessage(message({ id: '77', client_id: 'c-1', direction: 'out' }));
  expect(timeline.messages.map(({ id }) => id)).toEqual(['77']);
});

test('the event that overtakes the answer of the API leaves no optimistic message behind', async () => {
  const timeline = await opened();
  timeline.applyMessage(message({ id: '77', client_id: 'c-1', direction: 'out' }));
  timeline.applyMessage(message({ id: localId('c-1'), client_id: 'c-1', direction: 'out' }));
  expect(timeline.messages.map(({ id }) => id)).toEqual(['77']);
});

test('an answer that an event has overtaken does not bring back older ticks', async () => {
  const timeline = await opened();
  const [sent, read] = (['sent', 'read'] as const).map((status) =>
    message({ id: '77', direction: 'out', delivery: { status, code: '', reason: '', attempts: 1, maybe_twice: false, fallback_from: null } }),
  );
  const requestedAt = performance.now() - 1;
  timeline.applyMessage(read!);
  timeline.applyMessage(sent!, sofia.id, requestedAt);
  expect(timeline.messages[0]?.delivery?.status).toBe('read');
});

test('the answer to a request from before a timeline was opened again is dropped, also for the same contact', async () => {
  const answers: ((page: unknown) => void)[] = [];
  const timeline = new Timeline(fakeApi({ timeline: () => new Promise((resolve) => answers.push(resolve)) as never }));
  const merged = timeline.open(conversation());
  timeline.close();
  const parted = timeline.open(conversation());
  answers[1]!(page([message({ text: 'their own' })]));
  answers[0]!(page([message({ text: 'of the other' }), message({ text: 'their own' })]));
  await Promise.all([merged, parted]);
  expect(texts(timeline)).toEqual(['their own']);
});

test('a message of another contact does not appear', async () => {
  const timeline = await opened();
  timeline.applyMessage(message({ contact_id: '11' }));
  expect(timeline.messages).toHaveLength(0);
});

test('after a merge a message of the other contact belongs to the timeline', async () => {
  const timeline = await opened();
  timeline.applyMessage(message({ contact_id: '11' }), sofia.id);
  expect(timeline.messages).toHaveLength(1);
});

test('the last inbound message is the customer’s, not a note or an event', async () => {
  const timeline = await opened(message({ text: 'asked', connector: 'sms' }), message({ type: 'note', direction: 'out' }), message({ type: 'event', connector: 'mail' }));
  expect(timeline.lastInbound?.text).toBe('asked');
});

test('the last inbound message is that of the open conversation, whatever a merge brought into the timeline', async () => {
  const timeline = await opened(message({ text: 'asked', connector: 'messenger' }), message({ text: 'of the other', conversation_id: '101', connector: 'sms' }));
  expect(timeline.lastInbound?.text).toBe('asked');
});

test('the last inbound message is the last to arrive, however early its own time', async () => {
  const late = message({ text: 'held back', id: '9', created_at: '2025-06-02T07:00:00Z' });
  const timeline = await opened(late, message({ text: 'before', id: '8', created_at: '2025-06-02T08:00:00Z' }));
  expect(timeline.lastInbound?.text).toBe('held back');
});

test('a conversation is read up to the last message to arrive, also when it stands above others', async () => {
  const late = message({ id: '9', created_at: '2025-06-02T07:00:00Z' });
  const timeline = await opened(late, message({ id: '8', created_at: '2025-06-02T08:00:00Z' }));
  expect(timeline.newestIn(late.conversation_id)?.id).toBe('9');
});

test('an author stops typing when their message arrives', async () => {
  const timeline = await opened();
  const author = { type: 'contact' as const, id: sofia.id, name: 'Sofia' };
  timeline.applyTyping({ conversation_id: '100', author, on: true }, sofia.id, '1');
  expect(timeline.typing).toHaveLength(1);
  timeline.applyMessage(message());
  expect(timeline.typing).toHaveLength(0);
});

test('an agent does not see their own typing', async () => {
  const timeline = await opened();
  timeline.applyTyping({ conversation_id: '100', author: { type: 'agent', id: '1', name: 'Mari' }, on: true }, sofia.id, '1');
  expect(timeline.typing).toHaveLength(0);
});

test('the line for new messages stands above the first unread one', async () => {
  const [first, second] = [message(), message()];
  const timeline = new Timeline(fakeApi({ timeline: () => page([second, first]) }));
  await timeline.open(conversation({ unread_count: 1 }));
  const at = timeline.rows.findIndex((row) => row.type === 'unread');
  expect(timeline.rows[at + 1]).toMatchObject({ message: { id: second.id } });
});

test('after a lost connection pages are loaded back to a known message', async () => {
  const known = message({ text: 'known' });
  const missed = [message({ text: 'missed 1' }), message({ text: 'missed 2' })];
  const answers = [page([known]), page([missed[1]!], 'more'), page([missed[0]!, known])];
  const timeline = new Timeline(fakeApi({ timeline: () => answers.shift() }));
  await timeline.open(conversation());
  await timeline.refresh();
  expect(texts(timeline)).toEqual(['known', 'missed 1', 'missed 2']);
  expect(answers).toHaveLength(0);
});

test('the answer for a timeline that was left meanwhile is dropped', async () => {
  let arrive: (value: unknown) => void = () => {};
  const slow = new Promise((resolve) => (arrive = resolve));
  const answers = [slow, page([message({ contact_id: '11', text: 'other' })])];
  const timeline = new Timeline(fakeApi({ timeline: () => answers.shift() }));
  const first = timeline.open(conversation());
  await timeline.open(conversation({ id: '200', contact: { ...sofia, id: '11' } }));
  arrive({ items: [message({ text: 'late' })], next: null });
  await first;
  expect(texts(timeline)).toEqual(['other']);
});

test('after a gap the shown pages are loaded again: what was missed appears, what is gone disappears', async () => {
  const [first, gone, last] = [message({ text: 'first' }), message({ text: 'gone' }), message({ text: 'last' })];
  let stored = [first, gone, last];
  const timeline = new Timeline(fakeApi({ timeline: () => page(stored.toReversed()) }));
  await timeline.open(conversation());
  const between = message({ text: 'between', created_at: first.created_at, id: '2000' });
  stored = [first, between, { ...last, text: 'last, edited' }];
  await timeline.reload();
  expect(texts(timeline)).toEqual(['first', 'between', 'last, edited']);
});

test('a message that arrives while the pages are loaded again stays', async () => {
  const first = message({ text: 'first' });
  let answer: (page: unknown) => void = () => {};
  let isFirst = true;
  const timeline = new Timeline(
    fakeApi({ timeline: () => (isFirst ? page([first]) : (new Promise((resolve) => (answer = resolve)) as never)) }),
  );
  await timeline.open(conversation());
  isFirst = false;
  const reloaded = timeline.reload();
  timeline.applyMessage(message({ text: 'by event' }));
  timeline.applyMessage(message({ id: localId('c-1'), client_id: 'c-1', direction: 'out', text: 'not sent yet' }));
  answer(await page([first]));
  await reloaded;
  expect(texts(timeline)).toEqual(['first', 'by event', 'not sent yet']);
});

test('a timeline whose first page failed is loaded when the hub is there again', async () => {
  let isDown = true;
  const first = message({ text: 'are you open?' });
  const timeline = new Timeline(fakeApi({ timeline: () => (isDown ? Promise.reject(new TypeError('no network')) : page([first])) }));
  await timeline.open(conversation({ unread_count: 1 })).catch(() => {});
  expect(timeline.isLoaded).toBe(false);
  isDown = false;
  await timeline.reload();
  expect(texts(timeline)).toEqual(['are you open?']);
  expect([timeline.problem, timeline.firstUnreadId]).toEqual(['', first.id]);
});
