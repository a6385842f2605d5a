import { expect, test } from 'vitest';
import type { SearchHit } from '$shared/types';
import { fakeApi, message, sofia } from '../testing/samples';
import { Search } from './search.svelte';

const inMessage = (text: string): SearchHit => ({ type: 'message', contact: sofia, conversation_id: '100', message: message({ text }), snippet: text });
const person = (conversation_id: string | null): SearchHit => ({ type: 'contact', contact: sofia, conversation_id, message: null, snippet: '' });

async function found(...items: SearchHit[]): Promise<Search> {
  const search = new Search(fakeApi({ search: async () => ({ items, next: null }) }));
  search.write('order');
  await search.result();
  return search;
}

test('arrows choose among people, then messages, and stop at the ends', async () => {
  const [first, second, contact] = [inMessage('one order'), inMessage('two orders'), person('100')];
  const search = await found(first, second, contact);
  expect(search.chosen).toBeNull();
  const chosen = ([1, 1, 1, 1, -1] as const).map((step) => (search.choose(step), search.chosen?.snippet));
  expect(chosen).toEqual(['', 'one order', 'two orders', 'two orders', 'one order']);
});

test('Enter opens the chosen result, without a choice the first one that can be opened', async () => {
  const search = await found(person(null), inMessage('one order'), inMessage('two orders'));
  expect((await search.result())?.snippet).toBe('one order');
  search.choose(1);
  search.choose(1);
  expect((await search.result())?.snippet).toBe('two orders');
});

test('Enter right after the last letter opens what the whole text finds', async () => {
  const asked: string[] = [];
  const api = fakeApi({ search: async (query: string) => (asked.push(query), { items: [inMessage(query)], next: null }) });
  const search = new Search(api);
  search.write('ord');
  search.write('order');
  expect((await search.result())?.snippet).toBe('order');
  expect(asked).toEqual(['order']);
});

test('another text forgets the choice', async () => {
  const search = await found(inMessage('one order'));
  search.choose(1);
  search.write('orders');
  expect(search.chosen).toBeNull();
});
