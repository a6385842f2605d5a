import { SvelteMap } from 'svelte/reactivity';
import type { Api, ConversationChange, ConversationFilter } from '$shared/api';
import type { Contact, Conversation, ConversationStatus } from '$shared/types';
import { byActivity } from '../conversation/order';
import { problemText } from '../shell/problem-text';
import type { Session } from '../session/session.svelte';

export type Tab = 'mine' | 'unassigned' | 'all';
export const TABS: readonly Tab[] = ['mine', 'unassigned', 'all'];
export const STATUSES: readonly ConversationStatus[] = ['open', 'pending', 'snoozed', 'resolved'];

const PAGE = 40;

interface Shelf {
  loaded: boolean;
  loading: boolean;
  next: string | null;
  problem: string;
}

const EMPTY_SHELF: Shelf = { loaded: false, loading: false, next: null, problem: '' };

function earlier(one: string | null, other: string | null): string | null {
  if (!one || !other) return one ?? other;
  return Date.parse(one) < Date.parse(other) ? one : other;
}

/** Every conversation this screen knows, and which of them the list shows. */
export class Conversations {
  readonly #api: Api;
  readonly #session: Session;
  #known = new SvelteMap<string, Conversation>();
  readonly #heardAt = new Map<string, number>();
  /** Up to which message each was read on this screen. */
  readonly #seen = new Map<string, string>();
  #shelves = new SvelteMap<string, Shelf>();
  #chosen = $state<Tab | null>(null);
  #status = $state<ConversationStatus>('open');
  #selectedId = $state<string | null>(null);

  // Until somebody chooses, the screen is where there is something to do: the router may hand it over
  // a moment after the agent has come.
  readonly tab: Tab = $derived(this.#chosen ?? (['mine', 'unassigned', 'all'] as const).find((tab) => this.#filtered(tab, this.#status).length > 0) ?? 'mine');
  readonly visible: readonly Conversation[] = $derived.by(() => this.#people(this.#filtered(this.tab, this.#status)));

  constructor(
    api: Api,
    session: Session,
  ) {
    this.#api = api;
    this.#session = session;
  }

  get status(): ConversationStatus {
    return this.#status;
  }

  get selected(): Conversation | null {
    return this.#selectedId ? (this.#known.get(this.#selectedId) ?? null) : null;
  }

  get shelf(): Shelf {
    return this.#shelves.get(this.#key(this.tab, this.#status)) ?? EMPTY_SHELF;
  }

  get(id: string): Conversation | null {
    return this.#known.get(id) ?? null;
  }

  /** The conversation that one is part of by now, after a merge: itself, if it is part of none. */
  standing(id: string): string {
    const into = this.#known.get(id)?.merged_into;
    return into ? this.standing(into) : id;
  }

  /** How many the tab holds now; `more` when the server has further ones. */
  count(tab: Tab): { count: number; more: boolean; unread: boolean } {
    const items = this.#people(this.#filtered(tab, this.#status));
    const shelf = this.#shelves.get(this.#key(tab, this.#status));
    return { count: items.length, more: Boolean(shelf?.next), unread: items.some((c) => c.unread_count > 0) };
  }

  async start(): Promise<void> {
    await Promise.all(TABS.map((tab) => this.#load(tab, this.#status)));
  }

  async show(tab: Tab, status: ConversationStatus): Promise<void> {
    this.#chosen = tab;
    this.#status = status;
    await Promise.all(TABS.map((each) => (this.#shelves.get(this.#key(each, status))?.loaded ? null : this.#load(each, status))));
  }

  async loadMore(): Promise<void> {
    if (this.shelf.next && !this.shelf.loading) await this.#load(this.tab, this.#status, this.shelf.next);
  }

  /** Asks anew for what is shown, after a time without a connection. */
  async refresh(): Promise<void> {
    this.#shelves.clear();
    await Promise.all(TABS.map((tab) => this.#load(tab, this.#status)));
    if (this.#selectedId) await this.ask(this.#selectedId);
  }

  /** Whoever works in a list keeps it. */
  stay(): void {
    this.#chosen ??= this.tab;
  }

  /** Forgets everybody: who comes next to this screen asks anew. */
  close(): void {
    this.#selectedId = null;
    this.#known.clear();
    this.#heardAt.clear();
    this.#seen.clear();
    this.#shelves.clear();
  }

  select(id: string | null): void {
    this.#selectedId = id;
  }

  /** The conversation `step` places further down the list. */
  neighbour(step: 1 | -1): Conversation | null {
    const at = this.visible.findIndex((c) => c.contact.id === this.selected?.contact.id);
    if (at < 0) return this.visible[0] ?? null;
    return this.visible[at + step] ?? null;
  }

  /** Takes a new or changed conversation. The answer to a request is as old as its question, `askedAt`. */
  heard(conversation: Conversation, askedAt = performance.now()): void {
    if ((this.#heardAt.get(conversation.id) ?? 0) > askedAt) return;
    // The server may not have heard yet that it was read; what it says of that is then older.
    const isSeen = conversation.last_message !== null && this.#seen.get(conversation.id) === conversation.last_message.id;
    this.#known.set(conversation.id, isSeen ? { ...conversation, unread_count: 0 } : conversation);
    this.#heardAt.set(conversation.id, askedAt);
  }

  heardContact(contact: Contact): void {
    for (const [id, conversation] of this.#known) {
      if (conversation.contact.id === contact.id) this.#known.set(id, { ...conversation, contact });
    }
  }

  /** What goes on with a person, the latest first. */
  openOf(contactId: string): Conversation | null {
    return [...this.#known.values()].filter((c) => c.contact.id === contactId && c.status !== 'resolved').sort(byActivity)[0] ?? null;
  }

  async change(id: string, change: ConversationChange): Promise<Conversation> {
    const askedAt = performance.now();
    const conversation = await this.#api.changeConversation(id, change);
    this.heard(conversation, askedAt);
    return conversation;
  }

  /** Those of a contact that hold something unread. */
  unreadOf(contactId: string): Conversation[] {
    return [...this.#known.values()].filter((c) => c.contact.id === contactId && c.unread_count > 0);
  }

  seen(id: string): void {
    const conversation = this.#known.get(id);
    if (!conversation?.last_message) return;
    this.#seen.set(id, conversation.last_message.id);
    if (conversation.unread_count > 0) this.heard(conversation);
  }

  async find(id: string): Promise<Conversation> {
    const known = this.#known.get(id);
    return known ?? this.ask(id);
  }

  /** The conversation as it stands now. */
  async ask(id: string): Promise<Conversation> {
    const askedAt = performance.now();
    this.heard(await this.#api.conversation(id), askedAt);
    return this.#known.get(id)!;
  }

  #filtered(tab: Tab, status: ConversationStatus): Conversation[] {
    const me = this.#session.agentId;
    return [...this.#known.values()]
      .filter((c) => c.status === status)
      .filter((c) => tab === 'all' || (tab === 'mine' ? c.assignee?.id === me : c.assignee === null))
      .sort(byActivity);
  }

  /** One row for one person: after a merge several conversations may be open at once. */
  #people(conversations: readonly Conversation[]): Conversation[] {
    const rows = new Map<string, Conversation>();
    for (const each of conversations) {
      const row = rows.get(each.contact.id);
      rows.set(each.contact.id, row ? { ...row, unread_count: row.unread_count + each.unread_count, waiting_since: earlier(row.waiting_since, each.waiting_since) } : each);
    }
    return [...rows.values()];
  }

  #key(tab: Tab, status: ConversationStatus): string {
    return `${tab} ${status}`;
  }

  async #load(tab: Tab, status: ConversationStatus, cursor: string | null = null): Promise<void> {
    const key = this.#key(tab, status);
    const before = this.#shelves.get(key) ?? EMPTY_SHELF;
    this.#shelves.set(key, { ...before, loading: true, problem: '' });
    const filter: ConversationFilter = { status, limit: PAGE, cursor };
    if (tab === 'mine') filter.assignee = this.#session.agentId;
    if (tab === 'unassigned') filter.assignee = 'none';
    try {
      const askedAt = performance.now();
      const page = await this.#api.conversations(filter);
      for (const conversation of page.items) this.heard(conversation, askedAt);
      this.#shelves.set(key, { loaded: true, loading: false, next: page.next, problem: '' });
    } catch (error) {
      this.#shelves.set(key, { ...before, loading: false, problem: problemText(error) });
    }
  }
}
