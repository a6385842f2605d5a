import { expect, test, vi } from 'vitest';
import type { Suggestion } from '$shared/types';
import { address, conversation, fakeApi, link, message, page, sofia, suggestion } from '../testing/samples';
import { Details } from './details.svelte';
import { IdentityActions } from '../identity/identity-actions';
import { Toasts } from '../shell/toasts.svelte';

interface Scene {
  suggestions?: Suggestion[];
  decide?: () => Promise<void>;
}

async function scene({ suggestions = [suggestion()], decide = async () => {} }: Scene = {}) {
  let links = [link()];
  let waiting = suggestions;
  const calls = {
    decideSuggestion: vi.fn(async (id: string, decision: string) => {
      await decide();
      waiting = [];
      const accepted = decision === 'accept' ? link({ id: '8', method: 'typed' }) : null;
      if (accepted) links = [accepted, ...links];
      return { id, decision, link: accepted };
    }),
    undoLink: vi.fn(async (id: string) => {
      links = links.map((known) => (known.id === id ? { ...known, undone_at: '2025-06-03T09:00:00Z' } : known));
    }),
    merge: vi.fn(async () => link({ id: '9' })),
  };
  const api = fakeApi({
    contact: async () => sofia,
    addresses: () => page([address()]),
    links: () => page(links),
    suggestions: () => page(waiting),
    ...calls,
  });
  const details = new Details(api);
  const toasts = new Toasts();
  const identity = new IdentityActions({ api, details, toasts, attempt: async (action) => action().then(() => true, () => false) });
  await details.open(conversation());
  return { details, toasts, identity, ...calls };
}

test('a suggestion that was decided is gone at once', async () => {
  let answer: () => void = () => {};
  const { details, identity } = await scene({ decide: () => new Promise((resolve) => (answer = resolve)) });
  const done = identity.decideSuggestion(details.suggestions[0]!, 'dismiss');
  expect(details.suggestions).toEqual([]);
  // The answer to a request from before the decision does not bring it back.
  await details.applyMessage(message(), sofia.id);
  expect(details.suggestions).toEqual([]);
  answer();
  await done;
  expect(details.suggestions).toEqual([]);
});

test('a suggestion that could not be decided is back', async () => {
  const { details, identity, toasts } = await scene({ decide: () => Promise.reject(new Error('no')) });
  await identity.decideSuggestion(details.suggestions[0]!, 'accept');
  expect(details.suggestions).toHaveLength(1);
  expect(toasts.items).toEqual([]);
});

test('an accepted suggestion can be undone in its toast', async () => {
  const { details, identity, toasts, undoLink } = await scene();
  await identity.decideSuggestion(details.suggestions[0]!, 'accept');
  expect(details.links.map(({ id }) => id)).toEqual(['8', '7']);
  toasts.items[0]?.action?.run();
  await vi.waitFor(() => expect(undoLink).toHaveBeenCalledWith('8'));
});

test('once a merge is undone nothing offers to undo it', async () => {
  const { details, identity, toasts } = await scene();
  await identity.decideSuggestion(details.suggestions[0]!, 'accept');
  const mergeToast = toasts.items[0]!;
  await identity.undoLink(details.links.find(({ id }) => id === '8')!);
  expect(toasts.items).toHaveLength(1);
  expect(toasts.items).not.toContainEqual(mergeToast);
});

test('an undone link is kept apart, and the same two can be merged again', async () => {
  const { details, identity, toasts, merge } = await scene();
  await identity.undoLink(details.links[0]!);
  expect(details.links).toEqual([]);
  expect(details.undoneLinks).toHaveLength(1);
  toasts.items[0]?.action?.run();
  await vi.waitFor(() => expect(merge).toHaveBeenCalledWith('10', '11'));
});
