import type { ContextCard, Conversation } from '$shared/types';

const KEY = 'hub.cards.hidden';
// Enough for what one screen has open; older ones have long been answered.
const MOST = 100;

/** Which context cards this screen still shows. A new switch of channel brings a new one. */
export class Cards {
  #hidden = $state<string[]>(read());

  of(conversation: Conversation): ContextCard | null {
    const card = conversation.context_card;
    return card && !this.#hidden.includes(keyOf(conversation, card)) ? card : null;
  }

  hide(conversation: Conversation): void {
    const card = conversation.context_card;
    if (!card) return;
    this.#hidden = [...this.#hidden, keyOf(conversation, card)].slice(-MOST);
    localStorage.setItem(KEY, JSON.stringify(this.#hidden));
  }
}

function keyOf(conversation: Conversation, card: ContextCard): string {
  return `${conversation.id} ${card.switched_at}`;
}

function read(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter((each) => typeof each === 'string') : [];
  } catch {
    return [];
  }
}
