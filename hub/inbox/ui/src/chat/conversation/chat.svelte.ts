// The state of one customer's chat, and the actions that change it. It reaches the outside through the
// socket, the browser's storage and timers alone.
import type { ConnectionState, LiveSocket } from '$shared/socket';
import type {
  Ack,
  AgentRef,
  Attachment,
  Conversation,
  Handover,
  Message,
  MessagePayload,
  QueuePlace,
  SyncAck,
} from '$shared/types';
import { Identity } from '../session/identity.svelte';
import type { Memory } from '../session/memory';
import { Outbox, type Outgoing } from '../composer/outbox.svelte';
import { ReadState } from './read-state.svelte';
import { isShown, merged, newest } from '../thread/timeline';
import { Typing } from './typing.svelte';
import type { IdentityProblem, SessionPayload, VisitorEvents } from './visitor-events';
import { isUnanswered, lastChannel, continuedOn, type ChannelReference } from './current-channel';

type Confirm = (() => void) | undefined;

const WHEN_REFUSED = 30_000;

const SESSION_GONE = new Set(['session_unknown', 'session_expired', 'session_invalid']);

export class Chat {
  #messages = $state.raw<Message[]>([]);
  #agent = $state.raw<AgentRef | null>(null);
  #queue = $state.raw<QueuePlace | null>(null);
  #status = $state<Conversation['status'] | null>(null);
  #connection = $state<ConnectionState>('connecting');
  #isKnown = $state(false);
  #hasEarlier = $state(false);
  #isLoadingEarlier = $state(false);
  #proofs = $state(0);
  #department = $state('');
  #resumed = $state<boolean | null>(null);

  #isLive = false;
  #session: string | null = null;

  readonly #socket: LiveSocket<VisitorEvents>;
  readonly #memory: Memory;
  readonly #connector: string;
  readonly #identity: Identity;
  readonly #outbox: Outbox;
  readonly #readState: ReadState;
  readonly #typing: Typing;

  /** `connector` is this chat's own: messages of other channels are marked. */
  constructor(socket: LiveSocket<VisitorEvents>, memory: Memory, connector: string) {
    this.#socket = socket;
    this.#memory = memory;
    this.#connector = connector;
    this.#identity = new Identity(socket);
    this.#readState = new ReadState(socket, memory);
    this.#typing = new Typing(socket);
    this.#outbox = new Outbox(socket, memory, (message) => this.#addMessages([message]));
    socket.onConnection((state, refusal) => this.#applyConnection(state, refusal));
    socket.on('session', (payload) => this.#applySession(payload));
    socket.on('message.created', (payload: MessagePayload, confirm?: Confirm) => {
      this.#applyMessage(payload);
      confirm?.(); // to the server this is "delivered"
    });
    socket.on('message.updated', (payload) => this.#applyMessage(payload));
    socket.on('conversation.updated', ({ conversation }) => this.#applyConversation(conversation));
    socket.on('resync', () => this.#resync());
    socket.on('typing', (payload) => this.#typing.applyTyping(payload));
    socket.on('queue', (place) => (this.#queue = place.position > 0 ? place : null));
  }

  // -- state -------------------------------------------------------------------------------

  get messages(): readonly Message[] {
    return this.#messages;
  }

  get outbox(): readonly Outgoing[] {
    return this.#outbox.entries;
  }

  get agent(): AgentRef | null {
    return this.#agent;
  }

  get queue(): QueuePlace | null {
    return this.#agent || this.isResolved ? null : this.#queue;
  }

  get isResolved(): boolean {
    return this.#status === 'resolved';
  }

  /** The name of the agent who is typing; empty for one without a name, null while no agent types. */
  get typist(): string | null {
    return this.#typing.typist;
  }

  get connection(): ConnectionState {
    return this.#connection;
  }

  /** Whether the link that brought the customer here was good; null without a link, or once they have written. */
  get resumed(): boolean | null {
    return this.#resumed;
  }

  /** The sign-in problem that the site must solve before this chat goes on. */
  get identityProblem(): IdentityProblem | null {
    return this.#identity.problem;
  }

  /** The department for the first message; empty until chosen. */
  get department(): string {
    return this.#department;
  }

  get hasSpoken(): boolean {
    return this.#messages.some((message) => message.direction === 'in' && message.type === 'message');
  }

  /** No agent or bot has answered yet in the current conversation. */
  get isUnanswered(): boolean {
    return isUnanswered(this.#messages);
  }

  get newest(): string | null {
    return newest(this.#messages);
  }

  /** The other channel on which the customer wrote last; null while it is this one. */
  get currentChannel(): ChannelReference | null {
    const last = lastChannel(this.#messages);
    return last?.connector === this.#connector ? null : last;
  }

  /** Whether the customer continued on a connector, since a message and a number of proofs. */
  continuedOn(connector: string, since: string | null, proofs: number): boolean {
    // A message on this connector may be from this page: another device shows by its proof.
    if (connector === this.#connector) return this.#proofs > proofs;
    return continuedOn(this.#messages, connector, since);
  }

  /** How many times this page learnt of another address of its customer. */
  get proofs(): number {
    return this.#proofs;
  }

  /** Whether a message belongs to this chat, and not to another channel of the customer. */
  isOwn(message: Message): boolean {
    return message.connector === null || message.connector === this.#connector;
  }

  /** The server has sent the earlier messages of this session. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  get hasEarlier(): boolean {
    return this.#hasEarlier;
  }

  get isLoadingEarlier(): boolean {
    return this.#isLoadingEarlier;
  }

  /** The session of this page; a second tab may have another one. */
  get session(): string | null {
    return this.#session ?? this.#memory.session;
  }

  unread = $derived.by(() => this.#readState.unreadOf(this.#messages));

  // -- actions -----------------------------------------------------------------------------

  start(): void {
    this.#socket.connect();
  }

  /** Connects again, with the present identity and link. */
  reconnect(): void {
    this.#isLive = false;
    this.#socket.close();
    this.#socket.connect();
  }

  /** Chooses the department of the first message; choosing it again removes it. */
  choose(department: string): void {
    this.#department = this.#department === department ? '' : department;
    if (this.#isLive) this.#sendDepartment();
  }

  /** Puts a message into the outbox, which sends it once, as soon as it can. */
  send(text: string, attachments: Attachment[] = [], replyTo: string | null = null): void {
    const trimmed = text.trim();
    if (!trimmed && attachments.length === 0) return;
    this.#outbox.add(trimmed, attachments, replyTo);
    this.#memory.markTalked();
    this.#resumed = null;
    this.#typing.stop();
  }

  retry(clientId: string): void {
    this.#outbox.retry(clientId);
  }

  discard(clientId: string): void {
    this.#outbox.done(clientId);
  }

  /** Called at each key in the composer; typing is sent to the agent at intervals. */
  typed(text: string): void {
    this.#typing.pressed(text, this.#isLive);
  }

  /** Marks all messages as read: the customer sees them. */
  seen(): void {
    this.#readState.seen(this.#messages, (message) => this.isOwn(message), this.#isLive);
  }

  async loadEarlier(): Promise<void> {
    const first = this.#messages[0];
    if (!first || !this.#isLive || !this.#hasEarlier || this.#isLoadingEarlier) return;
    this.#isLoadingEarlier = true;
    const session = this.#session;
    const answer = await this.#socket.request<SyncAck>('history', { before: first.id });
    this.#isLoadingEarlier = false;
    if (!answer.ok || session !== this.#session) return;
    this.#hasEarlier = answer.more;
    this.#messages = merged(this.#messages, answer.messages);
  }

  /** Requests a handover: a one-time link, QR code and code to continue on another channel. */
  async requestHandover(connector: string): Promise<Ack<Handover>> {
    if (!this.#isLive) return { ok: false, code: 'timeout', message: '' };
    return this.#socket.request<Handover>('handover.request', { connector });
  }

  /** Sets the customer's identity, as the site sends it. The server decides, and may answer with another session. */
  identify(identity: unknown): void {
    const change = this.#identity.take(identity);
    if (!change) return;
    // An unsent message of one customer is not sent as the next one's.
    if (change.isAnother) this.#outbox.clear();
    if (this.#connection === 'refused') this.reconnect();
    else if (this.#isLive) this.#identity.tell();
  }

  /** The identity that goes with the connection, so that the former customer's messages never show. */
  introduction(): { identity?: unknown } {
    return this.#identity.introduction();
  }

  /** The customer has signed out: the next one at this browser starts with an empty chat. */
  reset(): void {
    this.#identity.forget();
    this.#empty();
    this.#outbox.clear();
    this.#memory.forget();
    this.reconnect();
  }

  // -- events --------------------------------------------------------------------------------

  #applyConnection(state: ConnectionState, refusal = ''): void {
    this.#connection = state;
    if (state === 'connected') return; // the session event makes it live
    this.#isLive = false;
    this.#readState.cut();
    this.#identity.cut();
    this.#typing.cut();
    this.#outbox.close();
    if (state !== 'refused') return;
    if (this.#identity.takeRefusal(refusal)) {
      this.#socket.connect();
    } else if (this.#memory.session !== null && SESSION_GONE.has(refusal)) {
      this.#startAnew();
      this.#socket.connect();
    } else {
      setTimeout(() => this.#socket.connect(), WHEN_REFUSED);
    }
  }

  #applySession(payload: SessionPayload): void {
    if (!this.#isSamePerson(payload)) this.#startAnew();
    // The proved addresses have changed: only the messages that the server sends now stay.
    if (payload.changed) {
      this.#messages = [];
      this.#proofs += 1;
    }
    const last = newest(this.#messages);
    this.#session = payload.session;
    this.#memory.welcome(payload.session, payload.contact?.id ?? null);
    this.#agent = payload.agent;
    this.#queue = payload.queue;
    this.#addMessages(payload.messages);
    // A link may bring a longer timeline than the shown one.
    if (!last || payload.resumed) this.#hasEarlier = payload.more;
    if (typeof payload.resumed === 'boolean') this.#resumed = payload.resumed;
    this.#identity.welcome();
    if (payload.messages.length > 0) this.#memory.markTalked();
    this.#connection = 'connected';
    this.#isKnown = true;
    this.#isLive = true;
    this.#identity.tell();
    // The server keeps it for one connection only, and needs it before a waiting message.
    if (this.#department) this.#sendDepartment();
    if (last) void this.#catchUp(last);
    this.#outbox.open();
  }

  /** Requests the messages that a lost connection hid, page by page. */
  async #catchUp(after: string): Promise<void> {
    const session = this.#session;
    for (let more = true; more; ) {
      const answer = await this.#socket.request<SyncAck>('sync', { after });
      if (!answer.ok || session !== this.#session) return;
      this.#addMessages(answer.messages);
      const last = newest(answer.messages);
      more = answer.more && last !== null;
      if (last) after = last;
    }
  }

  /** Events may be missing. The server sends the session again, with agent, queue and newest messages. */
  #resync(): void {
    const last = newest(this.#messages);
    if (last && this.#isLive) void this.#catchUp(last);
  }

  #applyMessage({ message, conversation }: MessagePayload): void {
    this.#addMessages([message]);
    this.#applyConversation(conversation);
    if (message.direction === 'out' && message.type === 'message') this.#typing.clear();
  }

  #addMessages(messages: readonly Message[]): void {
    const shown = messages.filter(isShown);
    if (shown.length === 0) return;
    this.#messages = merged(this.#messages, shown);
    for (const { client_id } of shown) if (client_id) this.#outbox.done(client_id);
  }

  #applyConversation(conversation: Conversation): void {
    this.#status = conversation.status;
    this.#agent = conversation.assignee;
    if (conversation.assignee) this.#queue = null;
  }

  #sendDepartment(): void {
    void this.#socket.request('prechat.submit', { department: this.#department });
  }

  // -- starting over -------------------------------------------------------------------------------

  /** The session is the same, or a new one of the same contact. */
  #isSamePerson({ session, contact }: SessionPayload): boolean {
    const before = this.#session ?? this.#memory.session;
    if (before === null || before === session) return true;
    return contact !== null && contact.id === this.#memory.contact;
  }

  /** Another contact's session begins: no message of the former one stays. */
  #startAnew(): void {
    this.#empty();
    this.#memory.forget();
    // A session that changes on a live connection belongs to another contact: the site says so.
    if (this.#isLive) this.#outbox.clear();
    else this.#outbox.clearFormer();
  }

  #empty(): void {
    this.#messages = [];
    this.#agent = null;
    this.#queue = null;
    this.#status = null;
    this.#typing.clear();
    this.#session = null;
    this.#resumed = null;
    this.#department = '';
    this.#isKnown = false;
    this.#hasEarlier = false;
    this.#readState.forget();
  }
}
