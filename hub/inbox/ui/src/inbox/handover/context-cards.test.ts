import { beforeEach, expect, test } from 'vitest';
import { card, conversation } from '../testing/samples';
import { ContextCards } from './context-cards.svelte';

beforeEach(() => localStorage.clear());

test('a hidden card stays hidden on this screen, and the next switch brings a new one', () => {
  const first = conversation({ context_card: card() });
  new ContextCards().hide(first);
  const contextCards = new ContextCards();
  expect(contextCards.cardOf(first)).toBeNull();
  expect(contextCards.cardOf(conversation({ context_card: card({ switched_at: '2025-06-02T10:00:00Z' }) }))).not.toBeNull();
  expect(contextCards.cardOf(conversation({ id: '200', context_card: card() }))).not.toBeNull();
});

test('without a switch there is no card', () => {
  expect(new ContextCards().cardOf(conversation())).toBeNull();
});
