import { beforeEach, expect, test, vi } from 'vitest';
import type { Conversation } from '$shared/types';
import { conversation, sofia } from '../testing/samples';
import { MergeFollower, type MergeFollowerDependencies } from './merge-follower';

const [anna, boris] = [{ ...sofia, id: '1', name: 'Anna' }, { ...sofia, id: '2', name: 'Boris' }];
const annasConversation = (change: Partial<Conversation> = {}) => conversation({ id: '10', contact: anna, ...change });
const borisConversation = (change: Partial<Conversation> = {}) => conversation({ id: '20', contact: boris, ...change });

function scene() {
  const known = new Map<string, Conversation>([annasConversation(), borisConversation()].map((conversation) => [conversation.id, conversation]));
  let selected = '10';
  const opened: string[] = [];
  const conversations = {
    refresh: async () => {},
    get selected() {
      return known.get(selected) ?? null;
    },
    select: (id: string) => (selected = id),
    openConversationOf: (contactId: string) => [...known.values()].find(({ contact, status }) => contact.id === contactId && status === 'open') ?? null,
    reload: async (id: string) => known.get(id)!,
  };
  const timeline = { contactId: '1', close: vi.fn(), open: vi.fn(async ({ id }: Conversation) => void opened.push(id)), refresh: vi.fn(async () => {}) };
  const details = { open: async () => {}, reload: async () => {} };
  const mergeFollower = new MergeFollower({
    conversations,
    timeline,
    details,
    composer: { open: () => {} },
    drafts: { move: () => {} },
    sendViewing: () => {},
    attempt: async (action: () => Promise<unknown>) => (await action(), true),
  } as unknown as MergeFollowerDependencies);
  const merged = () => {
    known.set('10', annasConversation({ status: 'resolved', merged_into: '20' }));
    known.set('20', borisConversation({ contact: anna }));
    return mergeFollower.contactsChanged(['1', '2']);
  };
  const parted = () => {
    known.set('10', annasConversation());
    known.set('20', borisConversation());
    return mergeFollower.contactsChanged(['1', '2']);
  };
  return { mergeFollower, merged, parted, opened, select: conversations.select, get selected() { return selected; } };
}

beforeEach(() => history.replaceState(null, '', '#/'));

test('the screen moves to the surviving conversation, and back when the merge is undone', async () => {
  const screen = scene();
  await screen.merged();
  expect([screen.selected, location.hash]).toEqual(['20', '#/conversations/20']);
  await screen.parted();
  expect([screen.selected, location.hash]).toEqual(['10', '#/conversations/10']);
  expect(screen.opened).toEqual(['20', '10']);
});

test('a later merge of other contacts does not move the screen', async () => {
  const screen = scene();
  await screen.merged();
  await screen.parted();
  await screen.mergeFollower.contactsChanged(['7', '8']);
  expect(screen.selected).toBe('10');
});

test('a screen on which the agent opened a conversation since stays there', async () => {
  const screen = scene();
  await screen.merged();
  screen.mergeFollower.conversationOpened();
  await screen.parted();
  expect(screen.selected).toBe('20');
});
