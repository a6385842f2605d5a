import { SvelteMap } from 'svelte/reactivity';
import type { Api } from '$shared/api';
import { compareMessages } from '$shared/message-order';
import type { Author, Conversation, Message, Page, TypingPayload } from '$shared/types';
import { problemText } from '../shell/problem-text';
import { timelineRows, type Row } from './timeline-rows';

const PAGE = 50;
// The timeline does not scroll to a search result that is further back.
const MAX_PAGES = 200;
// What is further back than this is loaded again when the agent scrolls there.
const RELOADED_PAGES = 10;
const TYPING_EXPIRES_MS = 8_000;

/** The timeline of one contact over all channels and conversations. */
export class Timeline {
  readonly #api: Api;
  readonly #survivingId: (conversationId: string) => string;
  #contactId = $state<string | null>(null);
  /** Counts up with every opening: the answer to a request of an earlier opening is dropped, also for the same contact. */
  #opening = 0;
  #conversationId = $state<string | null>(null);
  #unreadAtOpening = 0;
  #messages = new SvelteMap<string, Message>();
  readonly #appliedAt = new Map<string, number>();
  #next = $state<string | null>(null);
  #loading = $state(false);
  #loaded = $state(false);
  #problem = $state('');
  #firstUnreadId = $state<string | null>(null);
  #scrollTargetId = $state<string | null>(null);
  /** Whether the newest message is in sight: what is below the sight is not read. */
  isEndShown = $state(true);
  #typing = new SvelteMap<string, Author>();
  #typingTimers = new Map<string, ReturnType<typeof setTimeout>>();

  readonly messages: readonly Message[] = $derived([...this.#messages.values()].sort(compareMessages));
  readonly rows: readonly Row[] = $derived.by(() => timelineRows(this.messages, this.isComplete, this.#firstUnreadId, this.#survivingId));

  /** `survivingId` gives the conversation into which one was merged. */
  constructor(api: Api, survivingId: (conversationId: string) => string = (id) => id) {
    this.#api = api;
    this.#survivingId = survivingId;
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

  get firstUnreadId(): string | null {
    return this.#firstUnreadId;
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

  /** The last message of a conversation to arrive: what is read up to it is all that there is. */
  newestIn(conversationId: string | null): Message | null {
    return lastToArrive(this.messages.filter((m) => m.conversation_id === conversationId && !isLocal(m)));
  }

  /**
   * The customer's message that a reply answers: the last one to arrive in the open conversation. A merge
   * brings the messages of others into the timeline, and changes no reply's address.
   */
  get lastInbound(): Message | null {
    const inbound = this.messages.filter((m) => m.direction === 'in' && m.type === 'message');
    const own = inbound.filter((m) => m.conversation_id === this.#conversationId);
    return lastToArrive(own) ?? lastToArrive(inbound);
  }

  message(id: string | null): Message | null {
    return id ? (this.#messages.get(id) ?? null) : null;
  }

  async open(conversation: Conversation): Promise<void> {
    this.#conversationId = conversation.id;
    if (this.#contactId === conversation.contact.id) return;
    this.#contactId = conversation.contact.id;
    this.#reset();
    this.#unreadAtOpening = conversation.unread_count;
    await this.loadOlder(this.#unreadAtOpening);
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
      const requestedAt = performance.now();
      const page = await this.#api.timeline(contactId, this.#next, PAGE);
      if (this.#opening !== opening) return;
      for (const message of page.items) this.#put(message, requestedAt);
      if (!this.#loaded && unread > 0) this.#firstUnreadId = this.#unreadFrom(unread);
      this.#next = page.next;
      this.#loaded = true;
    } catch (error) {
      if (this.#opening === opening) this.#problem = problemText(error);
    } finally {
      if (this.#opening === opening) this.#loading = false;
    }
  }

  /**
   * Loads the shown pages again after events were missed, and removes what is in them no longer. A
   * timeline whose first page could not be loaded is loaded now.
   */
  async reload(): Promise<void> {
    const contactId = this.#contactId;
    const opening = this.#opening;
    if (!contactId) return;
    if (!this.#loaded) return this.loadOlder(this.#unreadAtOpening);
    const startedAt = performance.now();
    const oldest = this.messages.find((message) => !isLocal(message));
    const present = new Set<string>();
    let cursor: string | null = null;
    for (let pages = 0; pages < RELOADED_PAGES; pages += 1) {
      const requestedAt = performance.now();
      const page: Page<Message> = await this.#api.timeline(contactId, cursor, PAGE);
      if (this.#opening !== opening) return;
      for (const message of page.items) {
        this.#put(message, requestedAt);
        present.add(message.id);
      }
      cursor = page.next;
      const last = page.items.at(-1);
      if (cursor === null || (oldest && last && compareMessages(last, oldest) <= 0)) break;
    }
    for (const [id, message] of this.#messages) {
      if (!present.has(id) && !isLocal(message) && (this.#appliedAt.get(id) ?? 0) < startedAt) this.#messages.delete(id);
    }
    this.#next = cursor;
  }

  /** Loads the newest pages again, back to a known message: for ticks, edits and other channels. */
  async refresh(): Promise<void> {
    const contactId = this.#contactId;
    const opening = this.#opening;
    let cursor: string | null = null;
    while (contactId && this.#loaded) {
      const requestedAt = performance.now();
      const page: Page<Message> = await this.#api.timeline(contactId, cursor, PAGE);
      if (this.#opening !== opening) return;
      const isJoined = page.items.some((message) => this.#messages.has(message.id));
      for (const message of page.items) this.#put(message, requestedAt);
      cursor = page.next;
      if (isJoined || cursor === null) return;
    }
  }

  /**
   * Stores a new or changed message in place of the optimistic one with its client id. After a merge a
   * message keeps the contact that wrote it, and `ownerId` is the contact that it belongs to now. The
   * answer to a request is as old as the request, `requestedAt`.
   */
  applyMessage(message: Message, ownerId = message.contact_id, requestedAt = performance.now()): void {
    if (ownerId !== this.#contactId) return;
    this.#put(message, requestedAt);
    if (message.direction === 'in') this.#stopTyping(`contact:${message.author.id ?? ''}`);
  }

  /** Removes a message that was taken back before it left. */
  remove(id: string): void {
    this.#messages.delete(id);
  }

  /** The highest id of the stored messages: what came in after it is newer, whatever its time. */
  get newestId(): string | null {
    return lastToArrive(this.messages.filter((m) => !isLocal(m)))?.id ?? null;
  }

  /** What the customer or a colleague wrote after a message. */
  writtenAfter(id: string, agentId: string): Message[] {
    const isOfOthers = (m: Message) => m.direction === 'in' || (m.author.type === 'agent' && m.author.id !== agentId && m.send_at === null);
    return this.messages.filter((m) => m.type === 'message' && !isLocal(m) && Number(m.id) > Number(id) && isOfOthers(m));
  }

  applyTyping({ conversation_id, author, on }: TypingPayload, contactId: string | null, me: string): void {
    const isShown = conversation_id === this.#conversationId || (contactId !== null && contactId === this.#contactId);
    if (!isShown || author.id === me) return;
    const key = `${author.type}:${author.id ?? ''}`;
    this.#stopTyping(key);
    if (!on) return;
    this.#typing.set(key, author);
    this.#typingTimers.set(key, setTimeout(() => this.#stopTyping(key), TYPING_EXPIRES_MS));
  }

  /** The message that the timeline is asked to scroll to. */
  get scrollTargetId(): string | null {
    return this.#scrollTargetId;
  }

  /** Scrolls to a message, after loading earlier pages until it is known. */
  async scrollTo(id: string): Promise<boolean> {
    for (let pages = 0; pages < MAX_PAGES && !this.#messages.has(id) && !this.isComplete && !this.#problem; pages += 1) {
      if (this.#loading) await new Promise((resolve) => setTimeout(resolve, 50));
      else await this.loadOlder();
    }
    this.#scrollTargetId = this.#messages.has(id) ? id : null;
    return this.#scrollTargetId !== null;
  }

  scrollEnded(): void {
    this.#scrollTargetId = null;
  }

  #put(message: Message, requestedAt: number): void {
    if (message.client_id && !isLocal(message)) this.#messages.delete(localId(message.client_id));
    if (isLocal(message) && this.#hasStored(message.client_id)) return;
    // The answer to a request that an event has overtaken has an older state, such as older ticks.
    if ((this.#appliedAt.get(message.id) ?? 0) > requestedAt) return;
    this.#appliedAt.set(message.id, requestedAt);
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
    this.#appliedAt.clear();
    for (const key of [...this.#typing.keys()]) this.#stopTyping(key);
    this.#next = null;
    this.#loaded = false;
    this.#loading = false;
    this.#problem = '';
    this.#firstUnreadId = null;
    this.#scrollTargetId = null;
    this.isEndShown = true;
  }
}

/** The id of a message that the server has not stored yet. */
export function localId(clientId: string): string {
  return `local:${clientId}`;
}

export function isLocal(message: Message): boolean {
  return message.id.startsWith('local:');
}

/** Ids go up in the order of arrival; the provider's times need not. */
function lastToArrive(messages: readonly Message[]): Message | null {
  return messages.reduce<Message | null>((last, m) => (last && Number(last.id) > Number(m.id) ? last : m), null);
}
