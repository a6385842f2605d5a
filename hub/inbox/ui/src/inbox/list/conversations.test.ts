import { expect, test } from 'vitest';
import type { Conversation } from '$shared/types';
import { conversation as sample, fakeApi, mari, message, page, sofia } from '../testing/samples';
import { Conversations } from './conversations.svelte';
import { Session } from '../session/session.svelte';

async function scene(...items: Conversation[]) {
  const api = fakeApi({
    session: async () => ({ agent: mari, csrf_token: '' }),
    conversations: () => page(items),
    changeConversation: async (_id: string, change: Partial<Conversation>) => ({ ...items[0], ...change }),
  });
  const session = new Session(api);
  await session.resume();
  const conversations = new Conversations(api, session);
  await conversations.start();
  return conversations;
}

// A person each, unless the test is about one with several.
const conversation = (more: Partial<Conversation> = {}) => sample({ contact: { ...sofia, id: `of ${more.id ?? '1'}` }, ...more });
const ids = (conversations: Conversations) => conversations.visible.map((each) => each.id);
const at = (time: string) => ({ last_message: message({ created_at: `2025-06-02T${time}:00Z` }) });

test('the one with the last activity stands first, and an event moves it there', async () => {
  const conversations = await scene(conversation({ id: '1', ...at('09:00') }), conversation({ id: '2', ...at('10:00') }));
  expect(ids(conversations)).toEqual(['2', '1']);
  conversations.heard(conversation({ id: '1', ...at('11:00') }));
  expect(ids(conversations)).toEqual(['1', '2']);
});

test('mine, unassigned and all show what their names say', async () => {
  const other = { ...mari, id: '2' };
  const conversations = await scene(conversation({ id: '1' }), conversation({ id: '2', assignee: null }), conversation({ id: '3', assignee: other }));
  expect(ids(conversations)).toEqual(['1']);
  await conversations.show('unassigned', 'open');
  expect(ids(conversations)).toEqual(['2']);
  await conversations.show('all', 'open');
  expect(ids(conversations).sort()).toEqual(['1', '2', '3']);
});

test('a conversation that somebody else took leaves the list of the unassigned at once', async () => {
  const conversations = await scene(conversation({ id: '2', assignee: null }));
  await conversations.show('unassigned', 'open');
  conversations.heard(conversation({ id: '2', assignee: { ...mari, id: '2' } }));
  expect(ids(conversations)).toEqual([]);
});

test('with nothing of one’s own the screen starts where somebody waits', async () => {
  const conversations = await scene(conversation({ id: '2', assignee: null }));
  expect(conversations.tab).toBe('unassigned');
});

test('what goes on with a person is found among all they ever had', async () => {
  const conversations = await scene(conversation({ id: '1', contact: sofia, status: 'resolved', ...at('11:00') }), conversation({ id: '2', contact: sofia, ...at('10:00') }));
  expect(conversations.openOf(sofia.id)?.id).toBe('2');
  await conversations.change('1', { status: 'resolved' });
  conversations.heard(conversation({ id: '2', contact: sofia, status: 'resolved' }));
  expect(conversations.openOf(sofia.id)).toBeNull();
});

test('until somebody chooses, the list follows what the router hands over', async () => {
  const waiting = conversation({ id: '2', assignee: null });
  const conversations = await scene(waiting);
  conversations.heard({ ...waiting, assignee: mari });
  expect(conversations.tab).toBe('mine');
  conversations.stay();
  conversations.heard({ ...waiting, assignee: null });
  expect(conversations.tab).toBe('mine');
});

test('a resolved conversation leaves the open ones', async () => {
  const conversations = await scene(conversation({ id: '1' }));
  await conversations.change('1', { status: 'resolved' });
  expect(ids(conversations)).toEqual([]);
});

test('the keyboard moves from neighbour to neighbour and stops at the ends', async () => {
  const conversations = await scene(conversation({ id: '1', ...at('10:00') }), conversation({ id: '2', ...at('09:00') }));
  expect(conversations.neighbour(1)?.id).toBe('1');
  conversations.select('1');
  expect(conversations.neighbour(1)?.id).toBe('2');
  expect(conversations.neighbour(-1)).toBeNull();
});

test('a new name shows in every conversation of that person', async () => {
  const conversations = await scene(conversation({ id: '1' }));
  conversations.heardContact({ ...conversation().contact, name: 'Sofia L.' });
  expect(conversations.visible[0]?.contact.name).toBe('Sofia L.');
});

test('a person with several open conversations stands in one row with all that is unread', async () => {
  const conversations = await scene(
    conversation({ id: '1', contact: sofia, unread_count: 2, waiting_since: '2025-06-02T09:00:00Z', ...at('09:00') }),
    conversation({ id: '2', contact: sofia, unread_count: 1, waiting_since: '2025-06-02T10:00:00Z', ...at('10:00') }),
  );
  expect(conversations.visible).toMatchObject([{ id: '2', unread_count: 3, waiting_since: '2025-06-02T09:00:00Z' }]);
  expect(conversations.count('mine').count).toBe(1);
  await conversations.change('1', { status: 'resolved' });
  expect(ids(conversations)).toEqual(['2']);
});

test('a list that comes late does not bring back what was read meanwhile', async () => {
  let arrive: (value: unknown) => void = () => {};
  const slow = new Promise((resolve) => (arrive = resolve));
  const api = fakeApi({ session: async () => ({ agent: mari, csrf_token: '' }), conversations: () => slow });
  const session = new Session(api);
  await session.resume();
  const conversations = new Conversations(api, session);
  const unread = conversation({ id: '1', unread_count: 2, ...at('09:00') });
  const loaded = conversations.start();
  const before = performance.now();
  while (performance.now() === before); // the clock goes on
  conversations.heard(unread);
  conversations.seen('1');
  arrive(await page([unread]));
  await loaded;
  expect(conversations.visible[0]?.unread_count).toBe(0);
});

test('what was read here stays read, whatever the server says before it has heard of it', async () => {
  const unread = conversation({ id: '1', unread_count: 2, ...at('09:00') });
  const conversations = await scene(unread);
  conversations.seen('1');
  conversations.heard({ ...unread, priority: 'high' });
  expect(conversations.visible[0]).toMatchObject({ unread_count: 0, priority: 'high' });
  conversations.heard({ ...unread, unread_count: 1, ...at('10:00') });
  expect(conversations.visible[0]?.unread_count).toBe(1);
});
