import { beforeEach, expect, test } from 'vitest';
import { card, conversation } from '../testing/samples';
import { Cards } from './context-cards.svelte';

beforeEach(() => localStorage.clear());

test('a hidden card stays hidden on this screen, and the next switch brings a new one', () => {
  const first = conversation({ context_card: card() });
  new Cards().hide(first);
  const cards = new Cards();
  expect(cards.of(first)).toBeNull();
  expect(cards.of(conversation({ context_card: card({ switched_at: '2025-06-02T10:00:00Z' }) }))).not.toBeNull();
  expect(cards.of(conversation({ id: '200', context_card: card() }))).not.toBeNull();
});

test('without a switch there is no card', () => {
  expect(new Cards().of(conversation())).toBeNull();
});
