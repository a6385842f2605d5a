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
const TAB = 'hub.tab';

/** The tab that was shown before a reload of the page. */
function storedTab(): Tab | null {
  return TABS.find((tab) => tab === sessionStorage.getItem(TAB)) ?? null;
}

interface ListPage {
  loaded: boolean;
  loading: boolean;
  next: string | null;
  problem: string;
}

const EMPTY_PAGE: ListPage = { loaded: false, loading: false, next: null, problem: '' };

function earlierTime(first: string | null, second: string | null): string | null {
  if (!first || !second) return first ?? second;
  return Date.parse(first) < Date.parse(second) ? first : second;
}

/** The conversations that this screen has loaded, and those that the list shows. */
export class Conversations {
  readonly #api: Api;
  readonly #session: Session;
  #known = new SvelteMap<string, Conversation>();
  readonly #appliedAt = new Map<string, number>();
  /** By conversation, the last message that was read on this screen. */
  readonly #lastSeen = new Map<string, string>();
  #pages = new SvelteMap<string, ListPage>();
  #chosenTab = $state<Tab | null>(storedTab());
  #status = $state<ConversationStatus>('open');
  #selectedId = $state<string | null>(null);

  // Until the agent chooses a tab, the first tab with conversations is shown: the router may assign one
  // a moment after the agent has signed in.
  readonly tab: Tab = $derived(this.#chosenTab ?? (['mine', 'unassigned', 'all'] as const).find((tab) => this.#inTab(tab, this.#status).length > 0) ?? 'mine');
  readonly visible: readonly Conversation[] = $derived.by(() => this.#onePerContact(this.#inTab(this.tab, this.#status)));

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

  get page(): ListPage {
    return this.#pages.get(this.#key(this.tab, this.#status)) ?? EMPTY_PAGE;
  }

  get(id: string): Conversation | null {
    return this.#known.get(id) ?? null;
  }

  /** The conversation into which this one was merged; its own id where it was not. */
  survivingId(id: string): string {
    const mergedInto = this.#known.get(id)?.merged_into;
    return mergedInto ? this.survivingId(mergedInto) : id;
  }

  /** The number of conversations in a tab; `more` when the server has further ones. */
  count(tab: Tab): { count: number; more: boolean; unread: boolean } {
    const items = this.#onePerContact(this.#inTab(tab, this.#status));
    const page = this.#pages.get(this.#key(tab, this.#status));
    return { count: items.length, more: Boolean(page?.next), unread: items.some((c) => c.unread_count > 0) };
  }

  async start(): Promise<void> {
    await Promise.all(TABS.map((tab) => this.#load(tab, this.#status)));
  }

  async show(tab: Tab, status: ConversationStatus): Promise<void> {
    this.#chosenTab = tab;
    sessionStorage.setItem(TAB, tab);
    this.#status = status;
    await Promise.all(TABS.map((other) => (this.#pages.get(this.#key(other, status))?.loaded ? null : this.#load(other, status))));
  }

  async loadMore(): Promise<void> {
    if (this.page.next && !this.page.loading) await this.#load(this.tab, this.#status, this.page.next);
  }

  /** Loads the shown lists again, after a lost connection. */
  async refresh(): Promise<void> {
    this.#pages.clear();
    await Promise.all(TABS.map((tab) => this.#load(tab, this.#status)));
    if (this.#selectedId) await this.reload(this.#selectedId);
  }

  /** Loads the shown lists again after events were missed, and forgets what is in them no longer. */
  async reloadAll(): Promise<void> {
    const startedAt = performance.now();
    await this.refresh();
    if (TABS.some((tab) => !this.#pages.get(this.#key(tab, this.#status))?.loaded)) return;
    const shownContact = this.selected?.contact.id;
    for (const [id, conversation] of this.#known) {
      const isStale = (this.#appliedAt.get(id) ?? 0) < startedAt;
      if (!isStale) continue;
      if (conversation.contact.id === shownContact) await this.reload(id);
      else this.#known.delete(id);
    }
  }

  /** Keeps the shown tab: an agent who works in a list stays in it. */
  keepTab(): void {
    this.#chosenTab ??= this.tab;
  }

  /** Removes all conversations: the next agent at this screen loads their own. */
  close(): void {
    this.#selectedId = null;
    this.#known.clear();
    this.#appliedAt.clear();
    this.#lastSeen.clear();
    this.#pages.clear();
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

  /** Stores a new or changed conversation. The answer to a request is as old as the request, `requestedAt`. */
  applyConversation(conversation: Conversation, requestedAt = performance.now()): void {
    if ((this.#appliedAt.get(conversation.id) ?? 0) > requestedAt) return;
    // The server may not know yet that the conversation was read: its unread count is then older.
    const isSeen = conversation.last_message !== null && this.#lastSeen.get(conversation.id) === conversation.last_message.id;
    this.#known.set(conversation.id, isSeen ? { ...conversation, unread_count: 0 } : conversation);
    this.#appliedAt.set(conversation.id, requestedAt);
  }

  applyContact(contact: Contact): void {
    for (const [id, conversation] of this.#known) {
      if (conversation.contact.id === contact.id) this.#known.set(id, { ...conversation, contact });
    }
  }

  /** The contact's unresolved conversation with the latest activity. */
  openConversationOf(contactId: string): Conversation | null {
    return [...this.#known.values()].filter((c) => c.contact.id === contactId && c.status !== 'resolved').sort(byActivity)[0] ?? null;
  }

  async change(id: string, change: ConversationChange): Promise<Conversation> {
    const requestedAt = performance.now();
    const conversation = await this.#api.changeConversation(id, change);
    this.applyConversation(conversation, requestedAt);
    return conversation;
  }

  /** The contact's conversations with unread messages. */
  unreadOfContact(contactId: string): Conversation[] {
    return [...this.#known.values()].filter((c) => c.contact.id === contactId && c.unread_count > 0);
  }

  markSeen(id: string): void {
    const conversation = this.#known.get(id);
    if (!conversation?.last_message) return;
    this.#lastSeen.set(id, conversation.last_message.id);
    if (conversation.unread_count > 0) this.applyConversation(conversation);
  }

  /** A conversation as this screen knows it; loaded where it does not. */
  async load(id: string): Promise<Conversation> {
    return this.#known.get(id) ?? this.reload(id);
  }

  /** Loads the present state of a conversation. */
  async reload(id: string): Promise<Conversation> {
    const requestedAt = performance.now();
    this.applyConversation(await this.#api.conversation(id), requestedAt);
    return this.#known.get(id)!;
  }

  #inTab(tab: Tab, status: ConversationStatus): Conversation[] {
    const me = this.#session.agentId;
    return [...this.#known.values()]
      .filter((c) => c.status === status)
      .filter((c) => tab === 'all' || (tab === 'mine' ? c.assignee?.id === me : c.assignee === null))
      .sort(byActivity);
  }

  /** One row per contact: after a merge several conversations may be open at once. */
  #onePerContact(conversations: readonly Conversation[]): Conversation[] {
    const rows = new Map<string, Conversation>();
    for (const conversation of conversations) {
      const { contact, unread_count, waiting_since } = conversation;
      const row = rows.get(contact.id);
      const joined = row && { ...row, unread_count: row.unread_count + unread_count, waiting_since: earlierTime(row.waiting_since, waiting_since) };
      rows.set(contact.id, joined ?? conversation);
    }
    return [...rows.values()];
  }

  #key(tab: Tab, status: ConversationStatus): string {
    return `${tab} ${status}`;
  }

  async #load(tab: Tab, status: ConversationStatus, cursor: string | null = null): Promise<void> {
    const key = this.#key(tab, status);
    const before = this.#pages.get(key) ?? EMPTY_PAGE;
    this.#pages.set(key, { ...before, loading: true, problem: '' });
    const filter: ConversationFilter = { status, limit: PAGE, cursor };
    if (tab === 'mine') filter.assignee = this.#session.agentId;
    if (tab === 'unassigned') filter.assignee = 'none';
    try {
      const requestedAt = performance.now();
      const page = await this.#api.conversations(filter);
      for (const conversation of page.items) this.applyConversation(conversation, requestedAt);
      this.#pages.set(key, { loaded: true, loading: false, next: page.next, problem: '' });
    } catch (error) {
      this.#pages.set(key, { ...before, loading: false, problem: problemText(error) });
    }
  }
}
