// The one place where the parts of the screen are wired.
import { createContext } from 'svelte';
import { m } from '$messages';
import { Api, type ConversationChange } from '$shared/api';
import type { Conversation, Message, Presence } from '$shared/types';
import { nameOf } from './names/display-names';
import { problemText } from './shell/problem-text';
import { AdminApi } from './admin/admin-api';
import { LiveOverview } from './admin/overview.svelte';
import { Cards } from './handover/context-cards.svelte';
import { Composer } from './composer/composer-state.svelte';
import { Conversations } from './list/conversations.svelte';
import { Details } from './details/details.svelte';
import { Directory } from './names/directory.svelte';
import { Following } from './identity/merge-follower';
import { Handovers } from './handover/handovers.svelte';
import { Identity } from './identity/identity-actions';
import { Live, type Ears } from './connection/live.svelte';
import { Outbox } from './composer/outbox.svelte';
import { Search } from './search/search.svelte';
import { Session } from './session/session.svelte';
import { isLocal, Thread } from './thread/thread.svelte';
import { Toasts } from './shell/toasts.svelte';
import { View } from './shell/view.svelte';

export class App {
  readonly api: Api;
  readonly view = new View();
  readonly toasts = new Toasts();
  readonly cards = new Cards();
  readonly session: Session;
  readonly directory: Directory;
  readonly conversations: Conversations;
  readonly thread: Thread;
  readonly details: Details;
  readonly identity: Identity;
  readonly handovers: Handovers;
  readonly search: Search;
  readonly outbox: Outbox;
  readonly composer: Composer;
  readonly following: Following;
  readonly live: Live;
  readonly admin: AdminApi;
  readonly overview: LiveOverview;
  /** Read out to people who use a screen reader. */
  announcement = $state('');

  constructor(api = new Api(), makeLive: (ears: Ears) => Live = (ears) => new Live(ears)) {
    this.api = api;
    this.admin = new AdminApi(api.client);
    this.overview = new LiveOverview(this.admin);
    this.session = new Session(api);
    this.session.onLeft = () => this.#leave();
    this.directory = new Directory(api);
    this.conversations = new Conversations(api, this.session);
    this.thread = new Thread(api, (id) => this.conversations.standing(id));
    this.details = new Details(api);
    this.identity = new Identity({ api, details: this.details, toasts: this.toasts, attempt: (action) => this.attempt(action) });
    this.handovers = new Handovers(api);
    this.search = new Search(api);
    this.outbox = new Outbox(api, this.session, (message) => this.#heardMessage(message));
    this.live = makeLive(this.#ears());
    this.composer = new Composer({
      api,
      thread: this.thread,
      details: this.details,
      directory: this.directory,
      outbox: this.outbox,
      conversations: this.conversations,
      tellTyping: (conversationId, on) => this.live.typing(conversationId, on),
    });
    this.following = new Following({
      conversations: this.conversations,
      thread: this.thread,
      details: this.details,
      composer: this.composer,
      tellViewing: (conversationId) => this.live.viewing(conversationId),
      attempt: (action) => this.attempt(action),
    });
  }

  /** Loads everything the signed-in agent needs. */
  async start(): Promise<void> {
    await this.live.start();
    if (this.session.state !== 'signed_in') return;
    await Promise.all([this.attempt(() => this.directory.load()), this.conversations.start()]);
    this.follow();
    void this.outbox.flush();
  }

  async signOut(): Promise<void> {
    await this.attempt(() => this.session.signOut());
    location.hash = '';
    location.reload();
  }

  /** Nothing of customers stays here. The address does, so who signs in again is where they were. */
  #leave(): void {
    this.live.stop();
    this.conversations.close();
    this.thread.close();
    this.details.close();
    this.toasts.clear();
    this.view.overlay = null;
    this.announcement = '';
  }

  async openById(conversationId: string): Promise<void> {
    await this.attempt(async () => this.open(await this.conversations.find(conversationId)));
  }

  open(conversation: Conversation): void {
    this.view.page = 'inbox';
    this.following.opened();
    this.conversations.select(conversation.id);
    this.view.show('thread');
    const address = `#/conversations/${conversation.id}`;
    if (location.hash !== address) history.pushState(null, '', address);
    this.composer.open(conversation);
    this.live.viewing(conversation.id);
    void this.details.open(conversation);
    void this.thread.open(conversation).then(() => {
      for (const message of this.outbox.waitingFor(conversation.contact.id)) this.#heardMessage(message);
      this.markSeen(true); // whoever opens it looks at it
    });
  }

  /** Goes where the address says: after Back, Forward, or a link to a conversation. */
  follow(): void {
    const wanted = conversationIn(location.hash);
    this.view.page = location.hash === ADMIN && this.session.agent.role === 'admin' ? 'admin' : 'inbox';
    if (wanted === null) this.view.show('list');
    else if (wanted !== this.conversations.selected?.id) void this.openById(wanted);
  }

  move(step: 1 | -1): void {
    this.conversations.stay();
    const next = this.conversations.neighbour(step);
    if (next) this.open(next);
  }

  /** What is on the screen of a person who looks at it counts as read. */
  markSeen(isLooking = document.hasFocus()): void {
    const conversation = this.conversations.selected;
    const newest = this.thread.newest;
    if (!conversation || !newest || !isLooking) return;
    // The timeline shows all that the person said, in whichever conversation.
    for (const { id } of this.conversations.unreadOf(conversation.contact.id)) {
      const last = this.thread.newestIn(id);
      if (!last) continue;
      this.conversations.seen(id);
      void this.attempt(() => this.api.markRead(id, last.id));
    }
  }

  // -- verbs on the open conversation --

  async take(conversation: Conversation): Promise<void> {
    if (await this.change(conversation, { assignee_id: this.session.agentId })) this.toasts.show(m.toast_taken());
  }

  async give(conversation: Conversation, agentId: string | null): Promise<void> {
    if (!(await this.change(conversation, { assignee_id: agentId }))) return;
    const name = this.directory.agent(agentId)?.name ?? '';
    this.toasts.show(agentId ? m.toast_given({ name }) : m.toast_released(), {
      label: m.undo(),
      run: () => void this.change(conversation, { assignee_id: conversation.assignee?.id ?? null }),
    });
  }

  async resolve(conversation: Conversation): Promise<void> {
    const next = this.conversations.neighbour(1) ?? this.conversations.neighbour(-1);
    if (!(await this.change(conversation, { status: 'resolved' }))) return;
    this.toasts.show(m.toast_resolved(), { label: m.undo(), run: () => void this.#undoStatus(conversation) });
    if (next && next.id !== conversation.id && this.view.pane !== 'details') this.open(next);
  }

  async reopen(conversation: Conversation): Promise<void> {
    if (await this.change(conversation, { status: 'open' })) this.toasts.show(m.toast_reopened());
  }

  async snooze(conversation: Conversation, until: Date, shown: string): Promise<void> {
    const change = { status: 'snoozed' as const, snoozed_until: until.toISOString() };
    if (!(await this.change(conversation, change))) return;
    this.toasts.show(m.toast_snoozed({ time: shown }), { label: m.undo(), run: () => void this.#undoStatus(conversation) });
  }

  async setPresence(presence: Presence): Promise<void> {
    await this.attempt(() => this.session.setPresence(presence));
  }

  async retry(message: Message): Promise<void> {
    if (isLocal(message) && message.client_id) return this.outbox.retry(message.client_id);
    const askedAt = performance.now();
    await this.attempt(async () => this.#heardMessage(await this.api.retry(message.id), askedAt));
  }

  async change(conversation: Conversation, change: ConversationChange): Promise<boolean> {
    return this.attempt(() => this.conversations.change(conversation.id, change));
  }

  /** Does it, or says in words why it could not be done. */
  async attempt(action: () => Promise<unknown>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      this.toasts.fail(problemText(error));
      return false;
    }
  }

  async #undoStatus(before: Conversation): Promise<void> {
    const back = { status: before.status, snoozed_until: before.snoozed_until ?? null };
    if (await this.change(before, before.status === 'snoozed' ? back : { status: before.status })) {
      await this.openById(before.id);
    }
  }

  #heardMessage(message: Message, askedAt = performance.now()): void {
    const ownerId = this.conversations.get(message.conversation_id)?.contact.id ?? message.contact_id;
    this.thread.heard(message, ownerId, askedAt);
    void this.attempt(() => this.details.heardMessage(message, ownerId));
    void this.handovers.heard(message);
  }

  #ears(): Ears {
    return {
      'message.created': ({ message, conversation }) => {
        this.conversations.heard(conversation);
        this.overview.changed();
        this.#heardMessage(message);
        if (message.direction === 'in' && message.type === 'message') {
          this.announcement = m.new_message_from({ name: message.author.name || nameOf(conversation.contact) });
        }
        if (conversation.contact.id === this.conversations.selected?.contact.id) this.markSeen();
      },
      'message.updated': ({ message, conversation }) => {
        this.conversations.heard(conversation);
        this.#heardMessage(message);
      },
      'conversation.created': ({ conversation }) => {
        this.conversations.heard(conversation);
        this.overview.changed();
      },
      'conversation.updated': ({ conversation }) => {
        this.conversations.heard(conversation);
        this.overview.changed();
      },
      'contact.updated': ({ contact }) => {
        this.conversations.heardContact(contact);
        this.details.heardContact(contact);
      },
      'contact.linked': ({ contact_ids }) => void this.following.contactsChanged(contact_ids),
      'contact.unlinked': ({ contact_ids }) => void this.following.contactsChanged(contact_ids),
      typing: (payload) => {
        const contactId = this.conversations.get(payload.conversation_id)?.contact.id ?? null;
        this.thread.heardTyping(payload, contactId, this.session.agentId);
      },
      presence: ({ agent, presence }) => {
        this.directory.heardPresence(agent, presence);
        this.overview.changed();
        this.session.heardPresence(agent.id, presence);
      },
      'connector.updated': ({ connector }) => this.directory.heardConnector(connector),
      'sla.warning': ({ conversation }) => this.conversations.heard(conversation),
      'sla.breached': ({ conversation }) => this.conversations.heard(conversation),
      'conversation.viewed': ({ conversation_id, agent }) => this.directory.heardViewing(agent, conversation_id),
      back: () => void this.#back(),
      refused: () => this.session.leave(),
    };
  }

  /** After a lost connection: no gap and nothing twice, then what was written meanwhile leaves. */
  async #back(): Promise<void> {
    const selected = this.conversations.selected;
    const last = this.thread.newestIn(selected?.id ?? null);
    if (selected) this.live.viewing(selected.id);
    if (selected && last) {
      for (const message of await this.live.missed(selected.id, last.id)) this.#heardMessage(message);
    }
    await Promise.all([
      this.attempt(() => this.conversations.refresh()),
      this.attempt(() => this.directory.load()),
      this.attempt(() => this.thread.refresh()),
    ]);
    await this.outbox.flush();
  }
}

/** The address of the admin's page. */
export const ADMIN = '#/admin';

function conversationIn(hash: string): string | null {
  return /^#\/conversations\/([^/]+)$/u.exec(hash)?.[1] ?? null;
}

export const [useApp, provideApp] = createContext<App>();
