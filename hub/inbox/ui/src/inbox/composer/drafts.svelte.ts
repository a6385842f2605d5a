import { SvelteMap } from 'svelte/reactivity';
import type { Api } from '$shared/api';
import type { Draft } from '$shared/types';
import type { Session } from '../session/session.svelte';
import { DraftSlot, storedPlaces, type Mode } from './draft-slot.svelte';

/** All drafts of the signed-in agent, as this screen and the server have them. */
export class Drafts {
  readonly #api: Api;
  readonly #session: Session;
  readonly #slots = new SvelteMap<string, DraftSlot>();
  readonly #newMessages = new SvelteMap<string, Draft>();

  /** What the composer holds before a conversation is open. */
  readonly nowhere: DraftSlot;

  constructor(api: Api, session: Session) {
    this.#api = api;
    this.nowhere = new DraftSlot(api, { agentId: '', conversationId: '', mode: 'reply' });
    this.#session = session;
    // What is not saved yet goes out while the page can still send.
    addEventListener('pagehide', () => this.flush());
    document.addEventListener('visibilitychange', () => document.hidden && this.flush());
  }

  /** The reply or the note of a conversation, for the composer. */
  slot(conversationId: string, mode: Mode): DraftSlot {
    const key = `${conversationId} ${mode}`;
    let slot = this.#slots.get(key);
    if (!slot) {
      slot = new DraftSlot(this.#api, { agentId: this.#session.agentId, conversationId, mode });
      this.#slots.set(key, slot);
    }
    return slot;
  }

  /** The words of a conversation's draft, for the list; those of the reply first. */
  textOf(conversationId: string): string {
    const text = (mode: Mode) => this.#slots.get(`${conversationId} ${mode}`)?.content.text.trim() ?? '';
    return text('reply') || text('note');
  }

  /** The drafts that have words or files. */
  get all(): readonly DraftSlot[] {
    return [...this.#slots.values()].filter((slot) => !slot.isEmpty);
  }

  /** The drafts of messages that have no conversation yet. */
  get newMessages(): readonly Draft[] {
    return [...this.#newMessages.values()];
  }

  /** Loads the drafts of the server, and shows those that this device could not save. */
  async load(): Promise<void> {
    for (const { conversationId, mode } of storedPlaces(this.#session.agentId)) this.slot(conversationId, mode);
    const listed = new Set<string>();
    let cursor: string | null = null;
    do {
      const page: { items: Draft[]; next: string | null } = await this.#api.drafts(cursor);
      for (const draft of page.items) {
        listed.add(`${draft.conversation_id} ${draft.type}`);
        this.apply(draft);
      }
      cursor = page.next;
    } while (cursor !== null);
    // A draft that is no longer listed was sent or discarded elsewhere.
    for (const [key, slot] of this.#slots) {
      if (slot.version > 0 && !slot.isEmpty && !listed.has(key)) await this.refresh(slot.place.conversationId, slot.place.mode);
      slot.retry();
    }
  }

  async refresh(conversationId: string, mode: Mode): Promise<void> {
    this.apply(await this.#api.draft(conversationId, mode));
  }

  /** Applies a draft as the server has it now. */
  apply(draft: Draft): void {
    if (draft.type === 'new') {
      const isEmpty = draft.text === '' && draft.subject === '' && draft.address === '' && draft.attachments.length === 0;
      if (isEmpty) this.#newMessages.delete(draft.id ?? '');
      else this.#newMessages.set(draft.id ?? '', draft);
    } else if (draft.conversation_id !== null) {
      this.slot(draft.conversation_id, draft.type).receive(draft);
    }
  }

  async discardNewMessage(draft: Draft): Promise<void> {
    this.apply(await this.#api.discardNewMessage(draft.id ?? ''));
  }

  /** Moves drafts to the conversation into which their own was merged, unless that one has a draft too. */
  move(fromId: string, toId: string): void {
    for (const mode of ['reply', 'note'] as const) this.slot(toId, mode).takeFrom(this.slot(fromId, mode));
  }

  flush(): void {
    for (const slot of this.#slots.values()) slot.flush();
  }

  /** Forgets the drafts on this screen: its agent has signed out. */
  clear(): void {
    this.#slots.clear();
    this.#newMessages.clear();
  }
}
