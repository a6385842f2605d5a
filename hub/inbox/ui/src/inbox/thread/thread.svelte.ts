import { SvelteMap } from 'svelte/reactivity';
import type { Api } from '$shared/api';
import type { Author, Conversation, Message, Page, TypingPayload } from '$shared/types';
import { inThreadOrder } from '../conversation/order';
import { problemText } from '../shell/problem-text';
import { timelineRows, type Row } from './timeline-rows';

const PAGE = 50;
// A search result further back than this is not scrolled to.
const MOST_PAGES = 200;
const TYPING_LASTS = 8_000;

/** The timeline of one contact over all channels and conversations. */
export class Thread {
  readonly #api: Api;
  readonly #standing: (conversationId: string) => string;
  #contactId = $state<string | null>(null);
  /** Counts up when it begins anew: what was asked before is no answer then, also about the same person. */
  #opening = 0;
  #conversationId = $state<string | null>(null);
  #messages = new SvelteMap<string, Message>();
  readonly #heardAt = new Map<string, number>();
  #next = $state<string | null>(null);
  #loading = $state(false);
  #loaded = $state(false);
  #problem = $state('');
  #firstUnreadId = $state<string | null>(null);
  #wishedId = $state<string | null>(null);
  #typing = new SvelteMap<string, Author>();
  #typingTimers = new Map<string, ReturnType<typeof setTimeout>>();

  readonly messages: readonly Message[] = $derived([...this.#messages.values()].sort(inThreadOrder));
  readonly rows: readonly Row[] = $derived.by(() => timelineRows(this.messages, this.isComplete, this.#firstUnreadId, this.#standing));

  /** `standing` gives the conversation that one is part of by now. */
  constructor(api: Api, standing: (conversationId: string) => string = (id) => id) {
    this.#api = api;
    this.#standing = standing;
  }

  get contactId(): string | null {
    return this.#contactId;
  }

  get conversationId(): string | null {
    return this.#conversationId;
  }

  get isLoading(): boolean {
    return this.#loading;
  }

  get isLoaded(): boolean {
    return this.#loaded;
  }

  get isComplete(): boolean {
    return this.#loaded && this.#next === null;
  }

  get problem(): string {
    return this.#problem;
  }

  get typing(): Author[] {
    return [...this.#typing.values()];
  }

  get newest(): Message | null {
    return this.messages.findLast((message) => !isLocal(message)) ?? null;
  }

  newestIn(conversationId: string | null): Message | null {
    return this.messages.findLast((m) => m.conversation_id === conversationId && !isLocal(m)) ?? null;
  }

  /** The customer's last message: an answer goes to where it came from. */
  get lastInbound(): Message | null {
    return this.messages.findLast((m) => m.direction === 'in' && m.type === 'message') ?? null;
  }

  message(id: string | null): Message | null {
    return id ? (this.#messages.get(id) ?? null) : null;
  }

  async open(conversation: Conversation): Promise<void> {
    this.#conversationId = conversation.id;
    if (this.#contactId === conversation.contact.id) return;
    this.#contactId = conversation.contact.id;
    this.#reset();
    await this.loadOlder(conversation.unread_count);
  }

  close(): void {
    this.#contactId = null;
    this.#conversationId = null;
    this.#reset();
  }

  /** Loads the page before the oldest message; the newest page at first. */
  async loadOlder(unread = 0): Promise<void> {
    const contactId = this.#contactId;
    const opening = this.#opening;
    if (!contactId || this.#loading || (this.#loaded && this.#next === null)) return;
    this.#loading = true;
    this.#problem = '';
    try {
      const askedAt = performance.now();
      const page = await this.#api.timeline(contactId, this.#next, PAGE);
      if (this.#opening !== opening) return;
      for (const message of page.items) this.#put(message, askedAt);
      if (!this.#loaded && unread > 0) this.#firstUnreadId = this.#unreadFrom(unread);
      this.#next = page.next;
      this.#loaded = true;
    } catch (error) {
      if (this.#opening === opening) this.#problem = problemText(error);
    } finally {
      if (this.#opening === opening) this.#loading = false;
    }
  }

  /** Reads the newest pages anew, back to a message that is known: ticks, edits, other channels. */
  async refresh(): Promise<void> {
    const contactId = this.#contactId;
    const opening = this.#opening;
    let cursor: string | null = null;
    while (contactId && this.#loaded) {
      const askedAt = performance.now();
      const page: Page<Message> = await this.#api.timeline(contactId, cursor, PAGE);
      if (this.#opening !== opening) return;
      const isJoined = page.items.some((message) => this.#messages.has(message.id));
      for (const message of page.items) this.#put(message, askedAt);
      cursor = page.next;
      if (isJoined || cursor === null) return;
    }
  }

  /**
   * Takes a new or changed message; the optimistic one with its client id goes. After a merge a
   * message keeps the contact that wrote it, and `ownerId` is the person it now belongs to. The
   * answer to a request is as old as its question, `askedAt`.
   */
  heard(message: Message, ownerId = message.contact_id, askedAt = performance.now()): void {
    if (ownerId !== this.#contactId) return;
    this.#put(message, askedAt);
    if (message.direction === 'in') this.#stopTyping(`contact:${message.author.id ?? ''}`);
  }

  heardTyping({ conversation_id, author, on }: TypingPayload, contactId: string | null, me: string): void {
    const here = conversation_id === this.#conversationId || (contactId !== null && contactId === this.#contactId);
    if (!here || author.id === me) return;
    const key = `${author.type}:${author.id ?? ''}`;
    this.#stopTyping(key);
    if (!on) return;
    this.#typing.set(key, author);
    this.#typingTimers.set(key, setTimeout(() => this.#stopTyping(key), TYPING_LASTS));
  }

  /** The message that somebody searched for and wants to see. */
  get wishedId(): string | null {
    return this.#wishedId;
  }

  /** Asks to show one message, loading earlier pages until it is there. */
  async wish(id: string): Promise<void> {
    for (let pages = 0; pages < MOST_PAGES && !this.#messages.has(id) && !this.isComplete && !this.#problem; pages += 1) {
      if (this.#loading) await new Promise((resolve) => setTimeout(resolve, 50));
      else await this.loadOlder();
    }
    this.#wishedId = this.#messages.has(id) ? id : null;
  }

  fulfilled(): void {
    this.#wishedId = null;
  }

  #put(message: Message, askedAt: number): void {
    if (message.client_id && !isLocal(message)) this.#messages.delete(localId(message.client_id));
    if (isLocal(message) && this.#hasStored(message.client_id)) return;
    // An answer that was overtaken by an event would bring back an older state, such as its ticks.
    if ((this.#heardAt.get(message.id) ?? 0) > askedAt) return;
    this.#heardAt.set(message.id, askedAt);
    this.#messages.set(message.id, message);
  }

  #hasStored(clientId: string | null): boolean {
    return [...this.#messages.values()].some((m) => m.client_id === clientId && !isLocal(m));
  }

  #unreadFrom(unread: number): string | null {
    const inbound = this.messages.filter((m) => m.direction === 'in' && m.type === 'message');
    return inbound.at(-unread)?.id ?? inbound[0]?.id ?? null;
  }

  #stopTyping(key: string): void {
    clearTimeout(this.#typingTimers.get(key));
    this.#typingTimers.delete(key);
    this.#typing.delete(key);
  }

  #reset(): void {
    this.#opening += 1;
    this.#messages.clear();
    this.#heardAt.clear();
    for (const key of [...this.#typing.keys()]) this.#stopTyping(key);
    this.#next = null;
    this.#loaded = false;
    this.#loading = false;
    this.#problem = '';
    this.#firstUnreadId = null;
    this.#wishedId = null;
  }
}

/** The id of a message that only this screen knows yet. */
export function localId(clientId: string): string {
  return `local:${clientId}`;
}

export function isLocal(message: Message): boolean {
  return message.id.startsWith('local:');
}
