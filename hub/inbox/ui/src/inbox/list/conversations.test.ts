import { beforeEach, expect, test } from 'vitest';
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

beforeEach(() => sessionStorage.clear());

// A contact for each, unless the test is about a contact with several.
const conversation = (more: Partial<Conversation> = {}) => sample({ contact: { ...sofia, id: `of ${more.id ?? '1'}` }, ...more });
const ids = (conversations: Conversations) => conversations.visible.map((conversation) => conversation.id);
const at = (time: string) => ({ last_message: message({ created_at: `2025-06-02T${time}:00Z` }) });

test('the one with the last activity stands first, and an event moves it there', async () => {
  const conversations = await scene(conversation({ id: '1', ...at('09:00') }), conversation({ id: '2', ...at('10:00') }));
  expect(ids(conversations)).toEqual(['2', '1']);
  conversations.applyConversation(conversation({ id: '1', ...at('11:00') }));
  expect(ids(conversations)).toEqual(['1', '2']);
});

test('mine, unassigned and all show what their names say', async () => {
  const colleague = { ...mari, id: '2' };
  const conversations = await scene(conversation({ id: '1' }), conversation({ id: '2', assignee: null }), conversation({ id: '3', assignee: colleague }));
  expect(ids(conversations)).toEqual(['1']);
  await conversations.show('unassigned', 'open');
  expect(ids(conversations)).toEqual(['2']);
  await conversations.show('all', 'open');
  expect(ids(conversations).sort()).toEqual(['1', '2', '3']);
});

test('a conversation that another agent took leaves the list of the unassigned at once', async () => {
  const conversations = await scene(conversation({ id: '2', assignee: null }));
  await conversations.show('unassigned', 'open');
  conversations.applyConversation(conversation({ id: '2', assignee: { ...mari, id: '2' } }));
  expect(ids(conversations)).toEqual([]);
});

test('an agent without conversations starts at the unassigned ones', async () => {
  const conversations = await scene(conversation({ id: '2', assignee: null }));
  expect(conversations.tab).toBe('unassigned');
});

test('the open conversation of a contact is found among all their conversations', async () => {
  const conversations = await scene(conversation({ id: '1', contact: sofia, status: 'resolved', ...at('11:00') }), conversation({ id: '2', contact: sofia, ...at('10:00') }));
  expect(conversations.openConversationOf(sofia.id)?.id).toBe('2');
  await conversations.change('1', { status: 'resolved' });
  conversations.applyConversation(conversation({ id: '2', contact: sofia, status: 'resolved' }));
  expect(conversations.openConversationOf(sofia.id)).toBeNull();
});

test('until the agent chooses a tab, the list follows the router', async () => {
  const waiting = conversation({ id: '2', assignee: null });
  const conversations = await scene(waiting);
  conversations.applyConversation({ ...waiting, assignee: mari });
  expect(conversations.tab).toBe('mine');
  conversations.keepTab();
  conversations.applyConversation({ ...waiting, assignee: null });
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

test('a new name shows in every conversation of that contact', async () => {
  const conversations = await scene(conversation({ id: '1' }));
  conversations.applyContact({ ...conversation().contact, name: 'Sofia L.' });
  expect(conversations.visible[0]?.contact.name).toBe('Sofia L.');
});

test('a contact with several open conversations has one row with all unread messages', async () => {
  const conversations = await scene(
    conversation({ id: '1', contact: sofia, unread_count: 2, waiting_since: '2025-06-02T09:00:00Z', ...at('09:00') }),
    conversation({ id: '2', contact: sofia, unread_count: 1, waiting_since: '2025-06-02T10:00:00Z', ...at('10:00') }),
  );
  expect(conversations.visible).toMatchObject([{ id: '2', unread_count: 3, waiting_since: '2025-06-02T09:00:00Z' }]);
  expect(conversations.count('mine').count).toBe(1);
  await conversations.change('1', { status: 'resolved' });
  expect(ids(conversations)).toEqual(['2']);
});

test('a late list does not make read messages unread', async () => {
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
  conversations.applyConversation(unread);
  conversations.markSeen('1');
  arrive(await page([unread]));
  await loaded;
  expect(conversations.visible[0]?.unread_count).toBe(0);
});

test('a conversation that was read here stays read until a new message comes', async () => {
  const unread = conversation({ id: '1', unread_count: 2, ...at('09:00') });
  const conversations = await scene(unread);
  conversations.markSeen('1');
  conversations.applyConversation({ ...unread, priority: 'high' });
  expect(conversations.visible[0]).toMatchObject({ unread_count: 0, priority: 'high' });
  conversations.applyConversation({ ...unread, unread_count: 1, ...at('10:00') });
  expect(conversations.visible[0]?.unread_count).toBe(1);
});

test('after a gap the lists are those of the server: what was resolved meanwhile is gone', async () => {
  const items = [conversation({ id: '1' }), conversation({ id: '2' })];
  const api = fakeApi({
    session: async () => ({ agent: mari, csrf_token: '' }),
    conversations: () => page(items),
    conversation: async (id: string) => conversation({ id, status: 'resolved' }),
  });
  const session = new Session(api);
  await session.resume();
  const conversations = new Conversations(api, session);
  await conversations.start();
  conversations.select('2');
  items.splice(0, 2, conversation({ id: '3' }));
  await conversations.reloadAll();
  expect(ids(conversations)).toEqual(['3']);
  // The open one stays open, in its present state.
  expect(conversations.selected?.status).toBe('resolved');
});

test('the chosen tab is there again after a reload of the page', async () => {
  const before = await scene(conversation({ id: '1' }), conversation({ id: '2', assignee: null }));
  await before.show('all', 'open');
  const after = await scene(conversation({ id: '1' }), conversation({ id: '2', assignee: null }));
  expect(after.tab).toBe('all');
});
