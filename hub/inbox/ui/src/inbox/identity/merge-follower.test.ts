import { beforeEach, expect, test, vi } from 'vitest';
import type { Conversation } from '$shared/types';
import { conversation, sofia } from '../testing/samples';
import { Following, type FollowingNeeds } from './merge-follower';

const [anna, boris] = [{ ...sofia, id: '1', name: 'Anna' }, { ...sofia, id: '2', name: 'Boris' }];
const hers = (now: Partial<Conversation> = {}) => conversation({ id: '10', contact: anna, ...now });
const his = (now: Partial<Conversation> = {}) => conversation({ id: '20', contact: boris, ...now });

function scene() {
  const known = new Map<string, Conversation>([hers(), his()].map((one) => [one.id, one]));
  let selected = '10';
  const opened: string[] = [];
  const conversations = {
    refresh: async () => {},
    get selected() {
      return known.get(selected) ?? null;
    },
    select: (id: string) => (selected = id),
    openOf: (contactId: string) => [...known.values()].find((one) => one.contact.id === contactId && one.status === 'open') ?? null,
    ask: async (id: string) => known.get(id)!,
  };
  const thread = { contactId: '1', close: vi.fn(), open: vi.fn(async (one: Conversation) => void opened.push(one.id)), refresh: vi.fn(async () => {}) };
  const details = { open: async () => {}, reload: async () => {} };
  const following = new Following({
    conversations,
    thread,
    details,
    composer: { open: () => {} },
    tellViewing: () => {},
    attempt: async (action: () => Promise<unknown>) => (await action(), true),
  } as unknown as FollowingNeeds);
  const merged = () => {
    known.set('10', hers({ status: 'resolved', merged_into: '20' }));
    known.set('20', his({ contact: anna }));
    return following.contactsChanged(['1', '2']);
  };
  const parted = () => {
    known.set('10', hers());
    known.set('20', his());
    return following.contactsChanged(['1', '2']);
  };
  return { following, merged, parted, opened, select: conversations.select, get selected() { return selected; } };
}

beforeEach(() => history.replaceState(null, '', '#/'));

test('the screen goes along to the conversation that stays, and back when the two are parted', async () => {
  const here = scene();
  await here.merged();
  expect([here.selected, location.hash]).toEqual(['20', '#/conversations/20']);
  await here.parted();
  expect([here.selected, location.hash]).toEqual(['10', '#/conversations/10']);
  expect(here.opened).toEqual(['20', '10']);
});

test('what becomes of others later moves nothing', async () => {
  const here = scene();
  await here.merged();
  await here.parted();
  await here.following.contactsChanged(['7', '8']);
  expect(here.selected).toBe('10');
});

test('whoever chose what to look at since stays there', async () => {
  const here = scene();
  await here.merged();
  here.following.opened();
  await here.parted();
  expect(here.selected).toBe('20');
});
