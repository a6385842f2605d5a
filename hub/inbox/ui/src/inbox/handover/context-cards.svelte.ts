import type { ContextCard, Conversation } from '$shared/types';

const KEY = 'hub.cards.hidden';
// More than one screen has open; older cards have long been answered.
const MAX_STORED = 100;

/** The context cards that this screen still shows. A new switch of channel brings a new card. */
export class ContextCards {
  #hidden = $state<string[]>(read());

  cardOf(conversation: Conversation): ContextCard | null {
    const card = conversation.context_card;
    return card && !this.#hidden.includes(keyOf(conversation, card)) ? card : null;
  }

  hide(conversation: Conversation): void {
    const card = conversation.context_card;
    if (!card) return;
    this.#hidden = [...this.#hidden, keyOf(conversation, card)].slice(-MAX_STORED);
    localStorage.setItem(KEY, JSON.stringify(this.#hidden));
  }
}

function keyOf(conversation: Conversation, card: ContextCard): string {
  return `${conversation.id} ${card.switched_at}`;
}

function read(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(stored) ? stored.filter((key) => typeof key === 'string') : [];
  } catch {
    return [];
  }
}
