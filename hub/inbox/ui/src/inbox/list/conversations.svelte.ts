import { SvelteMap } from 'svelte/reactivity';
import type { Api, ConversationChange } from '$shared/api';
import type { Contact, Conversation, View } from '$shared/types';
import { byActivity } from '../conversation/order';
import { problemText } from '../shell/problem-text';
import type { Session } from '../session/session.svelte';
import { TABS, apiParameters, compare, fits, fromAddress, isServerOnly, queryOfView, toAddress, type Filter, type FilterName, type ListQuery, type Sort, type StatusChoice, type Tab } from './list-query';

const PAGE = 40;
const TAB = 'hub.tab';
/** Pages without an item of the list that are read one after the other: a rare filter. */
const MAX_EMPTY_PAGES = 10;
/** How soon a list that only the server can decide is asked for again after a change. */
const ASK_AGAIN_MS = 700;

/** The tab that was shown before a reload of the page. */
function storedTab(): Tab | null {
  return TABS.find((tab) => tab === sessionStorage.getItem(TAB)) ?? null;
}

interface ListPage {
  loaded: boolean;
  loading: boolean;
  next: string | null;
  problem: string;
  /** The conversations that the server has named, for filters that only it can decide. */
  ids: ReadonlySet<string>;
}

const EMPTY_PAGE: ListPage = { loaded: false, loading: false, next: null, problem: '', ids: new Set() };

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
  #status = $state<StatusChoice>('open');
  #filter = $state.raw<Filter>({});
  #sort = $state<Sort>('activity');
  #viewId = $state<string | null>(null);
  #selectedId = $state<string | null>(null);
  /** The open conversation, while it stays in the list in which it was opened. */
  #heldId = $state<string | null>(null);
  #askAgain: ReturnType<typeof setTimeout> | undefined;
  /** Called when another list is shown: the page's address names it. */
  onQueryChanged: () => void = () => {};
  /** Called when a conversation has changed: the counts of views may have, too. */
  onChanged: () => void = () => {};

  // Until the agent chooses a tab, the first tab with conversations is shown: the router may assign one
  // a moment after the agent has signed in.
  readonly tab: Tab = $derived(this.#chosenTab ?? TABS.find((tab) => this.#inTab(tab).length > 0) ?? 'mine');
  readonly visible: readonly Conversation[] = $derived.by(() => this.#onePerContact(this.#withHeld(this.#inTab(this.tab))));

  constructor(
    api: Api,
    session: Session,
  ) {
    this.#api = api;
    this.#session = session;
  }

  get status(): StatusChoice {
    return this.#status;
  }

  get filter(): Filter {
    return this.#filter;
  }

  get sort(): Sort {
    return this.#sort;
  }

  /** The view that is shown, changed or not. */
  get viewId(): string | null {
    return this.#viewId;
  }

  /** What the list shows. */
  get query(): ListQuery {
    return this.#queryOf(this.tab);
  }

  /** The part of the page's address that names the list. */
  get address(): string {
    return toAddress(this.query, this.#chosenTab !== null && (this.#viewId !== null || this.#isNarrowed));
  }

  /** All labels that this screen has seen. */
  get labels(): string[] {
    return [...new Set([...this.#known.values()].flatMap((c) => c.labels))].sort((a, b) => a.localeCompare(b));
  }

  get selected(): Conversation | null {
    return this.#selectedId ? (this.#known.get(this.#selectedId) ?? null) : null;
  }

  get page(): ListPage {
    return this.#pages.get(this.#key(this.tab)) ?? EMPTY_PAGE;
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
    const items = this.#onePerContact(this.#inTab(tab));
    const page = this.#pages.get(this.#key(tab));
    return { count: items.length, more: Boolean(page?.next), unread: items.some((c) => c.unread_count > 0) };
  }

  async start(): Promise<void> {
    await Promise.all(TABS.map((tab) => this.#load(tab)));
  }

  async show(tab: Tab, status: StatusChoice): Promise<void> {
    await this.#showQuery({ ...this.query, tab, status });
  }

  /** Sets a filter, or takes it away. */
  async setFilter(name: FilterName, value: string | null): Promise<void> {
    const { [name]: _former, ...others } = this.#filter;
    const tab = name === 'assignee' && value ? 'all' : this.tab;
    await this.#showQuery({ ...this.query, tab, filter: value ? { ...others, [name]: value } : others });
  }

  async clearFilters(): Promise<void> {
    await this.#showQuery({ ...this.query, status: 'open', filter: {}, sort: 'activity', view: null });
  }

  async sortBy(sort: Sort): Promise<void> {
    await this.#showQuery({ ...this.query, sort });
  }

  async showView(view: View): Promise<void> {
    await this.#showQuery(queryOfView(view));
  }

  /** Notes that what is shown was saved as a view. */
  nameView(viewId: string | null): void {
    this.#viewId = viewId;
    this.onQueryChanged();
  }

  /** Shows the list that an address names. */
  async followAddress(text: string): Promise<void> {
    const { tab, ...query } = fromAddress(text);
    if (text === this.address) return;
    await this.#showQuery({ ...query, tab: tab ?? this.#chosenTab ?? 'mine' }, tab === null && this.#chosenTab === null);
  }

  async #showQuery(query: ListQuery, isTabOpen = false): Promise<void> {
    this.#heldId = null;
    if (!isTabOpen) {
      this.#chosenTab = query.tab;
      sessionStorage.setItem(TAB, query.tab);
    }
    this.#status = query.status;
    this.#filter = query.filter;
    this.#sort = query.sort;
    this.#viewId = query.view;
    this.onQueryChanged();
    await Promise.all(TABS.map((other) => (this.#pages.get(this.#key(other))?.loaded ? null : this.#load(other))));
  }

  async loadMore(): Promise<void> {
    if (this.page.next && !this.page.loading) await this.#load(this.tab, this.page.next);
  }

  /** Loads the shown lists again, after a lost connection. */
  async refresh(): Promise<void> {
    this.#pages.clear();
    await Promise.all(TABS.map((tab) => this.#load(tab)));
    if (this.#selectedId) await this.reload(this.#selectedId);
  }

  /** Loads the shown lists again after events were missed, and forgets what is in them no longer. */
  async reloadAll(): Promise<void> {
    const startedAt = performance.now();
    this.#heldId = null;
    await this.refresh();
    if (TABS.some((tab) => !this.#pages.get(this.#key(tab))?.loaded)) return;
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
    clearTimeout(this.#askAgain);
    this.#selectedId = null;
    this.#heldId = null;
    this.#known.clear();
    this.#appliedAt.clear();
    this.#lastSeen.clear();
    this.#pages.clear();
  }

  select(id: string | null): void {
    this.#selectedId = id;
    this.#heldId = id !== null && this.#inTab(this.tab).some((c) => c.id === id) ? id : null;
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
    this.onChanged();
    this.#askAgainSoon();
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

  get #isNarrowed(): boolean {
    return Object.keys(this.#filter).length > 0 || this.#sort !== 'activity' || this.#status !== 'open';
  }

  #queryOf(tab: Tab): ListQuery {
    return { tab, status: this.#status, filter: this.#filter, sort: this.#sort, view: this.#viewId };
  }

  #inTab(tab: Tab): Conversation[] {
    const query = this.#queryOf(tab);
    const named = isServerOnly(query) ? (this.#pages.get(this.#key(tab)) ?? EMPTY_PAGE).ids : null;
    return [...this.#known.values()]
      .filter((c) => fits(c, query, this.#session.agentId) && (named === null || named.has(c.id)))
      .sort(compare(this.#sort));
  }

  /** With the open conversation, which stays in its list until the agent leaves it. */
  #withHeld(conversations: Conversation[]): Conversation[] {
    const held = this.#heldId === null ? null : this.#known.get(this.#heldId);
    if (!held || held.merged_into || conversations.some((c) => c.contact.id === held.contact.id)) return conversations;
    return [...conversations, held].sort(compare(this.#sort));
  }

  /** A list that only the server can decide is asked for again after a change. */
  #askAgainSoon(): void {
    if (!isServerOnly(this.query) || this.#askAgain !== undefined || this.page.loading) return;
    this.#askAgain = setTimeout(() => {
      this.#askAgain = undefined;
      if (isServerOnly(this.query)) void this.#load(this.tab);
    }, ASK_AGAIN_MS);
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

  #key(tab: Tab): string {
    return JSON.stringify([tab, this.#status, this.#filter, this.#sort]);
  }

  async #load(tab: Tab, cursor: string | null = null): Promise<void> {
    const key = this.#key(tab);
    const before = this.#pages.get(key) ?? EMPTY_PAGE;
    const parameters = apiParameters(this.#queryOf(tab), this.#session.agentId);
    this.#pages.set(key, { ...before, loading: true, problem: '' });
    const ids = new Set(cursor ? before.ids : []);
    try {
      let next = cursor;
      for (let pages = 0; pages < MAX_EMPTY_PAGES; pages += 1) {
        const requestedAt = performance.now();
        const page = await this.#api.conversations({ ...parameters, limit: PAGE, cursor: next });
        for (const conversation of page.items) ids.add(conversation.id);
        for (const conversation of page.items) this.applyConversation(conversation, requestedAt);
        next = page.next;
        // A page of a rare filter may be empty, and not the last one.
        if (page.items.length > 0 || next === null) break;
      }
      this.#pages.set(key, { loaded: true, loading: false, next, problem: '', ids });
    } catch (error) {
      this.#pages.set(key, { ...before, loading: false, problem: problemText(error) });
    }
  }
}
