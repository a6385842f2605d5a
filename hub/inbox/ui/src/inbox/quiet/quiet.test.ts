import { expect, test } from 'vitest';
import { ApiError } from '$shared/http';
import type { QuietMessage } from '$shared/types';
import { conversation, page } from '../testing/samples';
import { Quiet } from './quiet.svelte';

function quietMessage(id: string): QuietMessage {
  return { id, connector: 'mail', sender: 'news@firm.example', subject: `Issue ${id}`, reason: 'A newsletter.', received_at: '2026-03-01T08:00:00Z' };
}

test('a message that is opened leaves the list and gives its conversation', async () => {
  const quiet = new Quiet({ quiet: () => page([quietMessage('2'), quietMessage('1')]), openQuiet: async () => conversation({ id: '9' }) });
  await quiet.load();
  expect((await quiet.open(quietMessage('2')))?.id).toBe('9');
  expect(quiet.messages.map(({ id }) => id)).toEqual(['1']);
});

test('a message that cannot be opened stays in the list, and the reason is shown', async () => {
  const refuses = () => Promise.reject(new ApiError({ status: 503, detail: 'Try again.' }));
  const quiet = new Quiet({ quiet: () => page([quietMessage('1')]), openQuiet: refuses });
  await quiet.load();
  expect(await quiet.open(quietMessage('1'))).toBeNull();
  expect(quiet.messages).toHaveLength(1);
  expect(quiet.problem).not.toBe('');
});

test('later pages go behind the first', async () => {
  const pages: Record<string, QuietMessage[]> = { '': [quietMessage('2')], older: [quietMessage('1')] };
  const quiet = new Quiet({
    quiet: async (cursor = null) => ({ items: pages[cursor ?? '']!, next: cursor ? null : 'older' }),
    openQuiet: async () => conversation(),
  });
  await quiet.load();
  expect(quiet.hasMore).toBe(true);
  await quiet.loadMore();
  expect(quiet.messages.map(({ id }) => id)).toEqual(['2', '1']);
  expect(quiet.hasMore).toBe(false);
});
