// The one place where the parts of the screen are wired.
import { createContext } from 'svelte';
import { m } from '$messages';
import { Api, type ManyChange } from '$shared/api';
import { copyText } from '$shared/clipboard';
import { dayAndTime } from '$shared/format';
import type { Conversation, Message, NoticeCode, Presence, SearchHit } from '$shared/types';
import { AdminApi } from './admin/admin-api';
import { LiveOverview } from './admin/overview.svelte';
import { Journal } from './admin/journal.svelte';
import { Account } from './account/account.svelte';
import type { CommandGroup } from './commands/commands';
import { KeySettings } from './commands/key-settings.svelte';
import { PaletteSearch } from './commands/palette-search.svelte';
import type { DraftSlot } from './composer/draft-slot.svelte';
import { Drafts } from './composer/drafts.svelte';
import { Composer } from './composer/composer-state.svelte';
import { Outbox } from './composer/outbox.svelte';
import { WritingSettings } from './composer/writing-settings.svelte';
import { LiveConnection, type EventHandlers } from './connection/live-connection.svelte';
import { ConversationActions } from './conversation/conversation-actions';
import { Details } from './details/details.svelte';
import { ReplyPicker } from './canned/reply-picker.svelte';
import { ContextCards } from './handover/context-cards.svelte';
import { Handovers } from './handover/handovers.svelte';
import { IdentityActions } from './identity/identity-actions';
import { MergeFollower } from './identity/merge-follower';
import { addressWith, conversationIn, messageIn, pathOf, queryIn } from './list/address';
import { Bulk } from './list/bulk.svelte';
import { Conversations } from './list/conversations.svelte';
import { ownZone, storedFilter } from './list/list-query';
import { Selection } from './list/selection.svelte';
import { Views } from './list/views.svelte';
import { MentionNames } from './mentions/mention-names.svelte';
import { macroCommands } from './macros/macro-commands';
import { MacroRunner } from './macros/macro-run.svelte';
import { Directory } from './names/directory.svelte';
import { contactName } from './names/display-names';
import { Announcements } from './notifications/announcements.svelte';
import { Quiet } from './quiet/quiet.svelte';
import { Search } from './search/search.svelte';
import { Session } from './session/session.svelte';
import { problemText } from './shell/problem-text';
import { Toasts } from './shell/toasts.svelte';
import { ADMIN_HASH, DRAFTS_HASH, MENTIONS_HASH, NOTIFICATIONS_HASH, QUIET_HASH, ViewState } from './shell/view-state.svelte';
import { MessageChanges } from './thread/message-changes.svelte';
import { isLocal, Timeline } from './thread/timeline-state.svelte';

export class App {
  readonly api: Api;
  readonly view = new ViewState();
  readonly toasts = new Toasts();
  readonly contextCards = new ContextCards();
  readonly session: Session;
  readonly account: Account;
  readonly directory: Directory;
  readonly conversations: Conversations;
  readonly actions: ConversationActions;
  readonly timeline: Timeline;
  readonly details: Details;
  readonly identity: IdentityActions;
  readonly handovers: Handovers;
  readonly search: Search;
  readonly paletteSearch: PaletteSearch;
  /** Further groups of commands in the palette, such as canned replies. */
  readonly paletteSources: (() => CommandGroup)[] = [];
  readonly keySettings = new KeySettings();
  readonly views: Views;
  readonly selection = new Selection();
  readonly bulk: Bulk;
  readonly outbox: Outbox;
  readonly drafts: Drafts;
  readonly writing: WritingSettings;
  readonly messageChanges: MessageChanges;
  readonly composer: Composer;
  readonly mentionNames: MentionNames;
  readonly replyPicker: ReplyPicker;
  readonly macroRunner: MacroRunner;
  readonly mergeFollower: MergeFollower;
  readonly connection: LiveConnection;
  readonly admin: AdminApi;
  readonly overview: LiveOverview;
  readonly journal: Journal;
  readonly announcements: Announcements;
  readonly quiet: Quiet;
  /** What is wrong with the hub as a whole, now. */
  notices = $state.raw<readonly NoticeCode[]>([]);
  #catchingUp = false;
  #isBehind = false;
  /** The text that a screen reader speaks. */
  announcement = $state('');

  constructor(api = new Api(), connect: (handlers: EventHandlers) => LiveConnection = (handlers) => new LiveConnection(handlers)) {
    const attempt = (action: () => Promise<unknown>) => this.attempt(action);
    this.api = api;
    this.admin = new AdminApi(api.client);
    this.overview = new LiveOverview(this.admin);
    this.quiet = new Quiet(api);
    this.session = new Session(api);
    this.announcements = new Announcements({
      client: api.client,
      isLookingAt: (conversationId) => document.hasFocus() && this.view.page === 'inbox' && this.conversations.selected?.id === conversationId,
      open: (hash) => {
        location.hash = hash;
        this.followAddress();
      },
    });
    this.session.onSignedOut = () => this.#clearScreen();
    this.account = new Account(api);
    this.directory = new Directory(api);
    this.journal = new Journal(this.admin, this.directory);
    this.conversations = new Conversations(api, this.session);
    this.actions = new ConversationActions({
      conversations: this.conversations,
      directory: this.directory,
      session: this.session,
      toasts: this.toasts,
      attempt,
      openById: (conversationId) => this.openById(conversationId),
      openNext: (next) => {
        if (this.view.pane !== 'details') this.open(next);
      },
    });
    this.timeline = new Timeline(api, (id) => this.conversations.survivingId(id));
    this.details = new Details(api);
    this.identity = new IdentityActions({ api, details: this.details, toasts: this.toasts, attempt });
    this.handovers = new Handovers(api);
    this.search = new Search(api);
    this.paletteSearch = new PaletteSearch(api);
    this.views = new Views(api);
    this.bulk = new Bulk({ api, toasts: this.toasts, attempt });
    this.conversations.onQueryChanged = () => this.#nameList();
    this.conversations.onChanged = () => this.views.scheduleReload();
    this.outbox = new Outbox(api, this.session, (message, requestedAt) => this.#applyMessage(message, requestedAt));
    this.connection = connect(this.#eventHandlers());
    this.drafts = new Drafts(api, this.session);
    this.writing = new WritingSettings(api);
    this.messageChanges = new MessageChanges({ api, directory: this.directory, session: this.session, attempt, apply: (message) => this.#applyMessage(message) });
    this.mentionNames = new MentionNames(api.client, this.directory);
    this.composer = new Composer({
      api,
      drafts: this.drafts,
      settings: this.writing,
      agentId: () => this.session.agentId,
      onresolved: (conversation) => this.actions.openFollowing(conversation),
      timeline: this.timeline,
      details: this.details,
      directory: this.directory,
      outbox: this.outbox,
      conversations: this.conversations,
      mentionNames: this.mentionNames,
      sendTyping: (conversationId, on) => this.connection.sendTyping(conversationId, on),
    });
    this.outbox.onRemoved = (messageId) => this.timeline.remove(messageId);
    this.outbox.onStored = (message) => this.#offerUndo(message);
    this.outbox.onStopped = (message, attachments, conversationId, unseen) => {
      this.#applyMessage(unseen);
      this.composer.takeStopped(message.text, attachments, conversationId, message.type === 'note' ? 'note' : 'reply', unseen);
    };
    const conversation = () => this.conversations.selected;
    this.replyPicker = new ReplyPicker({
      client: api.client,
      conversation,
      connector: () => (this.composer.mode === 'reply' ? (this.composer.address?.connector ?? null) : null),
      attempt,
    });
    this.macroRunner = new MacroRunner({ client: api.client, toasts: this.toasts, conversation, attempt });
    this.paletteSources.push(() => macroCommands(this));
    this.mergeFollower = new MergeFollower({
      conversations: this.conversations,
      timeline: this.timeline,
      details: this.details,
      composer: this.composer,
      drafts: this.drafts,
      sendViewing: (conversationId) => this.connection.sendViewing(conversationId),
      attempt,
    });
  }

  /** Loads everything that the signed-in agent needs. */
  async start(): Promise<void> {
    await this.connection.start();
    if (this.session.state !== 'signed_in') return;
    await Promise.all([this.attempt(() => this.directory.load()), this.attempt(() => this.drafts.load()), this.attempt(() => this.writing.load()), this.attempt(() => this.views.load()), this.conversations.start()]);
    this.followAddress();
    void this.attempt(() => this.announcements.start());
    void this.attempt(() => this.mentionNames.load());
    void this.outbox.flush();
  }

  async signOut(): Promise<void> {
    await this.attempt(() => this.announcements.push.turnOff());
    await this.attempt(() => this.session.signOut());
    location.hash = '';
    location.reload();
  }

  /** Removes the customers' data. The page's address stays: an agent who signs in again continues there. */
  #clearScreen(): void {
    this.connection.stop();
    this.conversations.close();
    this.selection.clear();
    this.bulk.close();
    this.views.close();
    this.timeline.close();
    this.details.close();
    this.drafts.clear();
    this.announcements.notifications.clear();
    this.toasts.clear();
    this.view.overlay = null;
    this.announcement = '';
  }

  async openById(conversationId: string): Promise<void> {
    await this.attempt(async () => this.open(await this.conversations.load(conversationId)));
  }

  open(conversation: Conversation): void {
    this.view.page = 'inbox';
    this.mergeFollower.conversationOpened();
    this.conversations.select(conversation.id);
    this.view.showPane('thread');
    const address = addressWith(`#/conversations/${conversation.id}`, this.conversations.address);
    if (conversationIn(location.hash) !== conversation.id) history.pushState(null, '', address);
    this.composer.open(conversation);
    this.connection.sendViewing(conversation.id);
    void this.details.open(conversation);
    void this.timeline.open(conversation).then(() => {
      for (const message of this.outbox.waitingFor(conversation.contact.id)) this.#applyMessage(message);
      // An agent who opens a conversation looks at it; unread messages are read once they are in sight.
      if (!this.timeline.firstUnreadId) this.markSeen(true);
    });
  }

  /** Opens the conversation of a draft, with the cursor in it. */
  openDraft(conversation: Conversation, { place }: DraftSlot): void {
    this.open(conversation);
    this.composer.setMode(place.mode);
  }

  /** Shows what the page's address names: after Back, Forward, or a link to a conversation. */
  followAddress(): void {
    const conversationId = conversationIn(location.hash);
    this.view.page = this.#pageOf(pathOf(location.hash));
    const list = queryIn(location.hash);
    // A link to a conversation alone leaves the list as it is.
    if (this.view.page === 'inbox' && (list || conversationId === null)) void this.conversations.followAddress(list);
    if (conversationId === null) this.view.showPane('list');
    else void this.#openAt(conversationId, messageIn(location.hash));
  }

  async #openAt(conversationId: string, messageId: string | null): Promise<void> {
    if (conversationId !== this.conversations.selected?.id) await this.openById(conversationId);
    if (messageId && !(await this.timeline.scrollTo(messageId))) this.toasts.show(m.message_not_here());
  }

  #pageOf(hash: string): ViewState['page'] {
    if (hash === QUIET_HASH) return 'quiet';
    if (hash === NOTIFICATIONS_HASH) return 'notifications';
    if (hash === MENTIONS_HASH) return 'mentions';
    if (hash === DRAFTS_HASH) return 'drafts';
    return hash === ADMIN_HASH && this.session.agent.role === 'admin' ? 'admin' : 'inbox';
  }

  /** Writes into the page's address which list is shown. */
  #nameList(): void {
    this.selection.clear();
    if (this.view.page !== 'inbox') return;
    const path = conversationIn(location.hash) === null ? '' : pathOf(location.hash);
    const address = addressWith(path, this.conversations.address);
    if (location.hash !== address) history.replaceState(null, '', address || location.pathname + location.search);
  }

  /** Enters the open conversation: its thread on a phone, its composer. Without one opens the first of the list. */
  enter(): void {
    if (!this.conversations.selected) return this.move(1);
    this.view.showPane('thread');
    this.composer.setMode(this.composer.mode);
  }

  openMerge(): void {
    if (this.conversations.selected) this.view.overlay = 'merge';
  }

  /** Changes what is chosen in the list, or else the open conversation. */
  changeChosen(change: ManyChange): void {
    const { query, selected } = this.conversations;
    if (this.selection.size > 0) {
      const targets = this.selection.isAll ? { filter: storedFilter(query), zone: ownZone() } : { ids: this.selection.ids };
      this.selection.clear();
      void this.bulk.begin(targets, change);
    } else if (selected) {
      const { labels_add: added = [], labels_remove: removed = [], team: _team, ...fields } = change;
      const labels = [...selected.labels.filter((label) => !removed.includes(label)), ...added.filter((label) => !selected.labels.includes(label))];
      const hasLabels = added.length + removed.length > 0;
      void this.actions.change(selected, { ...fields, ...(hasLabels && { labels }) });
    }
  }

  assignChosen(agentId: string | null): void {
    const { selected } = this.conversations;
    if (this.selection.size > 0) return this.changeChosen({ assignee_id: agentId });
    if (!selected || selected.assignee?.id === (agentId ?? undefined)) return;
    void (agentId === this.session.agentId ? this.actions.take(selected) : this.actions.assign(selected, agentId));
  }

  /** Gives a label to what is chosen; takes it from the open conversation that has it. */
  labelChosen(label: string): void {
    const hasIt = this.selection.size === 0 && this.conversations.selected?.labels.includes(label);
    this.changeChosen(hasIt ? { labels_remove: [label] } : { labels_add: [label] });
  }

  snoozeChosen(until: Date): void {
    const { selected } = this.conversations;
    if (this.selection.size > 0) this.changeChosen({ status: 'snoozed', snoozed_until: until.toISOString() });
    else if (selected) void this.actions.snooze(selected, until, dayAndTime(until.toISOString()));
  }

  /** Opens the conversation of a search result and shows the message that was found. */
  async openHit(hit: SearchHit): Promise<void> {
    const conversationId = hit.conversation_id ?? hit.message?.conversation_id;
    if (!conversationId) return;
    await this.openById(conversationId);
    if (hit.message && !(await this.timeline.scrollTo(hit.message.id))) this.toasts.show(m.message_not_here());
  }

  /** Opens the next or the previous conversation of the list. */
  move(step: 1 | -1): void {
    this.conversations.keepTab();
    const next = this.conversations.neighbour(step);
    if (next) this.open(next);
  }

  /** Marks the open conversations of the shown contact as read, while the agent looks at the page. */
  markSeen(isLooking = document.hasFocus()): void {
    const conversation = this.conversations.selected;
    const newest = this.timeline.newest;
    // A minimised window shows nothing, whatever is open in it.
    if (!conversation || !newest || !isLooking || document.hidden || !this.timeline.isEndShown) return;
    const unread = this.conversations.unreadOfContact(conversation.contact.id);
    // The timeline shows the messages of all conversations of the contact.
    for (const { id } of unread) {
      const last = this.timeline.newestIn(id);
      if (!last) continue;
      this.conversations.markSeen(id);
      void this.attempt(() => this.api.markRead(id, last.id));
    }
    // Reading clears what was told; without unread words the look does.
    if (unread.length === 0) void this.attempt(() => this.announcements.notifications.see(conversation.id));
  }

  /** Tells the hub that the agent looks at the shown conversation, while the page is in sight. */
  look(conversationId = this.conversations.selected?.id): void {
    const isShown = this.view.page === 'inbox' && conversationId === this.conversations.selected?.id;
    if (conversationId && isShown && document.visibilityState === 'visible') this.connection.sendViewing(conversationId);
  }

  /** Copies a text and says so. */
  async copy(text: string): Promise<void> {
    if (await copyText(text)) this.toasts.show(m.copied());
  }

  async setPresence(presence: Presence): Promise<void> {
    await this.attempt(() => this.session.setPresence(presence));
  }

  /** Sends a failed message again. */
  async retry(message: Message): Promise<void> {
    if (isLocal(message) && message.client_id) return this.outbox.retry(message.client_id);
    const requestedAt = performance.now();
    await this.attempt(async () => this.#applyMessage(await this.api.retry(message.id), requestedAt));
  }

  /** Runs an action; an error becomes a toast. False when there was an error. */
  async attempt(action: () => Promise<unknown>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      this.toasts.fail(problemText(error));
      return false;
    }
  }

  /** Takes a message back that has not left: its words and files are in the composer again. */
  async takeBack(message: Message): Promise<void> {
    this.toasts.dismissTopic(`undo:${message.id}`);
    const isTaken = await this.attempt(async () => {
      await this.api.takeBack(message.id);
      this.timeline.remove(message.id);
      await this.drafts.refresh(message.conversation_id, 'reply');
    });
    if (!isTaken) return;
    if (this.conversations.selected?.id !== message.conversation_id) await this.openById(message.conversation_id);
    this.composer.setMode('reply');
  }

  /** Says that a message leaves in some seconds, and offers to undo it; a planned one is shown as such. */
  #offerUndo(message: Message): void {
    if (message.send_at === null) return;
    const action = { label: m.undo(), run: () => void this.takeBack(message) };
    if (message.extra?.['send_zone']) return this.toasts.show(m.toast_planned({ time: dayAndTime(message.send_at) }), action, `undo:${message.id}`);
    const left = Date.parse(message.send_at) - Date.now();
    this.toasts.show(m.toast_leaves({ seconds: Math.max(1, Math.round(left / 1000)) }), action, `undo:${message.id}`, Math.max(1_000, left));
  }

  #applyMessage(message: Message, requestedAt = performance.now()): void {
    if (message.delivery?.code === 'cancelled') {
      this.outbox.forget(message.client_id);
      this.timeline.remove(message.id);
      return;
    }
    const ownerId = this.conversations.get(message.conversation_id)?.contact.id ?? message.contact_id;
    this.timeline.applyMessage(message, ownerId, requestedAt);
    void this.attempt(() => this.details.applyMessage(message, ownerId));
    void this.handovers.applyMessage(message);
  }

  #eventHandlers(): EventHandlers {
    return {
      'message.created': ({ message, conversation }) => {
        if (message.event) this.actions.lost(conversation, message.event);
        this.conversations.applyConversation(conversation);
        this.overview.scheduleReload();
        this.#applyMessage(message);
        if (message.direction === 'in' && message.type === 'message') {
          this.announcement = m.new_message_from({ name: message.author.name || contactName(conversation.contact) });
        }
        if (conversation.contact.id === this.conversations.selected?.contact.id) this.markSeen();
      },
      'message.updated': ({ message, conversation }) => {
        this.conversations.applyConversation(conversation);
        this.#applyMessage(message);
      },
      'conversation.created': ({ conversation }) => {
        this.conversations.applyConversation(conversation);
        this.overview.scheduleReload();
      },
      'conversation.updated': ({ conversation }) => {
        const before = this.conversations.get(conversation.id)?.assignee?.id;
        this.conversations.applyConversation(conversation);
        if (conversation.assignee?.id === this.session.agentId && before !== this.session.agentId) this.look(conversation.id);
        this.overview.scheduleReload();
      },
      'contact.updated': ({ contact }) => {
        this.conversations.applyContact(contact);
        this.details.applyContact(contact);
      },
      'contact.linked': ({ contact_ids }) => void this.mergeFollower.contactsChanged(contact_ids),
      'contact.unlinked': ({ contact_ids }) => void this.mergeFollower.contactsChanged(contact_ids),
      typing: (payload) => {
        const contactId = this.conversations.get(payload.conversation_id)?.contact.id ?? null;
        this.timeline.applyTyping(payload, contactId, this.session.agentId);
      },
      presence: ({ agent, presence }) => {
        this.directory.applyPresence(agent, presence);
        this.overview.scheduleReload();
        this.session.applyPresence(agent.id, presence);
      },
      'connector.updated': ({ connector }) => this.directory.applyConnector(connector),
      'sla.warning': ({ conversation }) => this.conversations.applyConversation(conversation),
      'sla.breached': ({ conversation }) => this.conversations.applyConversation(conversation),
      'job.updated': ({ job }) => this.bulk.apply(job),
      'conversation.viewed': ({ conversation_id, agent }) => this.directory.applyViewing(agent, conversation_id),
      'draft.updated': ({ draft }) => this.drafts.apply(draft),
      notices: ({ codes }) => (this.notices = codes),
      ...this.announcements.handlers(),
      resync: () => void this.#catchUp(),
      reconnected: () => void this.#catchUp(),
      refused: () => this.session.end(),
    };
  }

  /**
   * After a lost connection, or when the server says that events may be missing: loads what was missed, each
   * message once, then sends what waits in the outbox. One that is asked for meanwhile follows afterwards.
   */
  async #catchUp(): Promise<void> {
    if (this.#catchingUp) {
      this.#isBehind = true;
      return;
    }
    this.#catchingUp = true;
    try {
      do {
        this.#isBehind = false;
        await this.#loadMissed();
      } while (this.#isBehind);
    } finally {
      this.#catchingUp = false;
    }
  }

  async #loadMissed(): Promise<void> {
    const selected = this.conversations.selected;
    const last = this.timeline.newestIn(selected?.id ?? null);
    if (selected) this.connection.sendViewing(selected.id);
    if (selected && last) {
      const requestedAt = performance.now();
      for (const message of await this.connection.missedMessages(selected.id, last.id)) this.#applyMessage(message, requestedAt);
    }
    await Promise.all([
      this.attempt(() => this.conversations.reloadAll()),
      this.attempt(() => this.directory.load()),
      this.attempt(() => this.drafts.load()),
      this.attempt(() => this.announcements.notifications.load()),
      this.attempt(() => this.timeline.reload()),
      this.details.reload(),
    ]);
    this.overview.scheduleReload();
    await this.outbox.flush();
  }
}

export const [useApp, provideApp] = createContext<App>();
