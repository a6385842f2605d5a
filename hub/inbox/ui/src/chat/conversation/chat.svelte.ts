// One customer's chat: what is known, and the verbs that change it. The socket, the browser's memory
// and the clock's timers are its only ways out.
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
import { Reading } from './read-state.svelte';
import { isShown, merged, newest } from '../thread/timeline';
import { Typing } from './typing.svelte';
import type { IdentityProblem, SessionPayload, VisitorEvents } from './visitor-events';
import { isUnanswered, lastStage, wentOnTo, type Stage } from './current-channel';

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
  readonly #reading: Reading;
  readonly #typing: Typing;

  /** `connector` is this chat's own: what was said on others is marked as such. */
  constructor(socket: LiveSocket<VisitorEvents>, memory: Memory, connector: string) {
    this.#socket = socket;
    this.#memory = memory;
    this.#connector = connector;
    this.#identity = new Identity(socket);
    this.#reading = new Reading(socket, memory);
    this.#typing = new Typing(socket);
    this.#outbox = new Outbox(socket, memory, (message) => this.#take([message]));
    socket.onConnection((state, refusal) => this.#connectionIs(state, refusal));
    socket.on('session', (payload) => this.#welcome(payload));
    socket.on('message.created', (payload: MessagePayload, confirm?: Confirm) => {
      this.#hear(payload);
      confirm?.(); // to the server this is "delivered"
    });
    socket.on('message.updated', (payload) => this.#hear(payload));
    socket.on('conversation.updated', ({ conversation }) => this.#conversationIs(conversation));
    socket.on('typing', (payload) => this.#typing.hear(payload));
    socket.on('queue', (place) => (this.#queue = place.position > 0 ? place : null));
  }

  // -- what there is -------------------------------------------------------------------------------

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

  /** The name of who is writing, empty where it has none, null while nobody is. */
  get typist(): string | null {
    return this.#typing.typist;
  }

  get connection(): ConnectionState {
    return this.#connection;
  }

  /** How a link that brought the customer here turned out; null where there was none, or they write again. */
  get resumed(): boolean | null {
    return this.#resumed;
  }

  /** What the site must do before this chat goes on. */
  get identityProblem(): IdentityProblem | null {
    return this.#identity.problem;
  }

  /** What the first message is to be about; empty until chosen. */
  get department(): string {
    return this.#department;
  }

  get hasSpoken(): boolean {
    return this.#messages.some((message) => message.direction === 'in' && message.type === 'message');
  }

  /** Nobody of the company has said anything yet in the conversation that is going on. */
  get isUnanswered(): boolean {
    return isUnanswered(this.#messages);
  }

  get newest(): string | null {
    return newest(this.#messages);
  }

  /** Where else the customer went on last; null while it is here. */
  get stage(): Stage | null {
    const last = lastStage(this.#messages);
    return last?.connector === this.#connector ? null : last;
  }

  /** Whether they went on there, since a message and a number of proofs. */
  wentOnTo(connector: string, since: string | null, proofs: number): boolean {
    // Words on this connector may be from right here: another device shows by what it proved.
    if (connector === this.#connector) return this.#proofs > proofs;
    return wentOnTo(this.#messages, connector, since);
  }

  /** How often this page came to know of another address of its customer's. */
  get proofs(): number {
    return this.#proofs;
  }

  /** Said here, and not on another channel of the same customer. */
  isOwn(message: Message): boolean {
    return message.connector === null || message.connector === this.#connector;
  }

  /** The server has shown what this session has said so far. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  get hasEarlier(): boolean {
    return this.#hasEarlier;
  }

  get isLoadingEarlier(): boolean {
    return this.#isLoadingEarlier;
  }

  /** This page's own; a second tab may have been given another one. */
  get session(): string | null {
    return this.#session ?? this.#memory.session;
  }

  unread = $derived.by(() => this.#reading.unreadOf(this.#messages));

  // -- what one can do -----------------------------------------------------------------------------

  start(): void {
    this.#socket.connect();
  }

  /** Greets the server anew, with what there is to say by now. */
  reconnect(): void {
    this.#isLive = false;
    this.#socket.close();
    this.#socket.connect();
  }

  /** Says what the first message will be about; the same again takes it back. */
  choose(department: string): void {
    this.#department = this.#department === department ? '' : department;
    if (this.#isLive) this.#tellDepartment();
  }

  /** Takes a message at once; it leaves when it can, once. */
  send(text: string, attachments: Attachment[] = [], replyTo: string | null = null): void {
    const said = text.trim();
    if (!said && attachments.length === 0) return;
    this.#outbox.add(said, attachments, replyTo);
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

  /** Every key pressed in the composer comes here; the agent hears of it now and then. */
  typed(text: string): void {
    this.#typing.pressed(text, this.#isLive);
  }

  /** The customer has everything there is before their eyes. */
  seen(): void {
    this.#reading.seen(this.#messages, (message) => this.isOwn(message), this.#isLive);
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

  /** Asks for a one-time link, picture and code to go on with this conversation on a channel. */
  async invite(connector: string): Promise<Ack<Handover>> {
    if (!this.#isLive) return { ok: false, code: 'timeout', message: '' };
    return this.#socket.request<Handover>('handover.request', { connector });
  }

  /** The site says who this is. The server decides, and may answer with another session. */
  identify(identity: unknown): void {
    const taken = this.#identity.take(identity);
    if (!taken) return;
    // What one customer typed is not said by the next, also when it has not left this page yet.
    if (taken.isAnother) this.#outbox.clear();
    if (this.#connection === 'refused') this.reconnect();
    else if (this.#isLive) this.#identity.tell();
  }

  /** What goes with the greeting, so that nobody sees for a moment what the one before them said. */
  introduction(): { identity?: unknown } {
    return this.#identity.introduction();
  }

  /** The person on this browser has signed out: the next one starts with nothing. */
  reset(): void {
    this.#identity.forget();
    this.#empty();
    this.#outbox.clear();
    this.#memory.forget();
    this.reconnect();
  }

  // -- what happens --------------------------------------------------------------------------------

  #connectionIs(state: ConnectionState, refusal = ''): void {
    this.#connection = state;
    if (state === 'connected') return; // the session event makes it live
    this.#isLive = false;
    this.#reading.cut();
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

  #welcome(payload: SessionPayload): void {
    if (!this.#isSamePerson(payload)) this.#startAnew();
    // What this page has proved has changed: nothing stays that the server does not show again.
    if (payload.changed) {
      this.#messages = [];
      this.#proofs += 1;
    }
    const last = newest(this.#messages);
    this.#session = payload.session;
    this.#memory.welcome(payload.session, payload.contact?.id ?? null);
    this.#agent = payload.agent;
    this.#queue = payload.queue;
    this.#take(payload.messages);
    // A link may have brought a thread that is longer than the one that stood here.
    if (!last || payload.resumed) this.#hasEarlier = payload.more;
    if (typeof payload.resumed === 'boolean') this.#resumed = payload.resumed;
    this.#identity.welcome();
    if (payload.messages.length > 0) this.#memory.markTalked();
    this.#connection = 'connected';
    this.#isKnown = true;
    this.#isLive = true;
    this.#identity.tell();
    // The server knows it for one line only; and it must know before a message that waits.
    if (this.#department) this.#tellDepartment();
    if (last) void this.#catchUp(last);
    this.#outbox.open();
  }

  /** Asks for what was said while the line was down, page by page. */
  async #catchUp(after: string): Promise<void> {
    const session = this.#session;
    for (let more = true; more; ) {
      const answer = await this.#socket.request<SyncAck>('sync', { after });
      if (!answer.ok || session !== this.#session) return;
      this.#take(answer.messages);
      const last = newest(answer.messages);
      more = answer.more && last !== null;
      if (last) after = last;
    }
  }

  #hear({ message, conversation }: MessagePayload): void {
    this.#take([message]);
    this.#conversationIs(conversation);
    if (message.direction === 'out' && message.type === 'message') this.#typing.nobody();
  }

  #take(messages: readonly Message[]): void {
    const shown = messages.filter(isShown);
    if (shown.length === 0) return;
    this.#messages = merged(this.#messages, shown);
    for (const { client_id } of shown) if (client_id) this.#outbox.done(client_id);
  }

  #conversationIs(conversation: Conversation): void {
    this.#status = conversation.status;
    this.#agent = conversation.assignee;
    if (conversation.assignee) this.#queue = null;
  }

  #tellDepartment(): void {
    void this.#socket.request('prechat.submit', { department: this.#department });
  }

  // -- starting over -------------------------------------------------------------------------------

  /** The session goes on, or the server gave the same person another one. */
  #isSamePerson({ session, contact }: SessionPayload): boolean {
    const before = this.#session ?? this.#memory.session;
    if (before === null || before === session) return true;
    return contact !== null && contact.id === this.#memory.contact;
  }

  /** Another person's session begins here: nothing of the former thread stays. */
  #startAnew(): void {
    this.#empty();
    this.#memory.forget();
    // A session that changes on a live line is another person by the site's own word.
    if (this.#isLive) this.#outbox.clear();
    else this.#outbox.clearFormer();
  }

  #empty(): void {
    this.#messages = [];
    this.#agent = null;
    this.#queue = null;
    this.#status = null;
    this.#typing.nobody();
    this.#session = null;
    this.#resumed = null;
    this.#department = '';
    this.#isKnown = false;
    this.#hasEarlier = false;
    this.#reading.forget();
  }
}
