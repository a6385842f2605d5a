// One customer's chat: what is known, and the verbs that change it. The socket, the browser's memory
// and the clock's timers are its only ways out.
import type { ConnectionState, LiveSocket } from '$shared/socket';
import type {
  AgentRef,
  Attachment,
  Contact,
  Conversation,
  Message,
  MessagePayload,
  SharedEvents,
  SyncAck,
  TypingPayload,
} from '$shared/types';
import type { Memory } from './memory';
import { Outbox, type Outgoing } from './outbox.svelte';
import { byId, inOrder, isShown, merged } from './timeline';

export interface QueuePlace {
  position: number;
  wait_seconds: number | null;
}

export interface SessionPayload {
  session: string;
  /** None before the first message. */
  contact: Contact | null;
  messages: Message[];
  agent: AgentRef | null;
  queue: QueuePlace | null;
  more: boolean;
}

export interface VisitorEvents extends SharedEvents {
  session: SessionPayload;
  queue: QueuePlace;
}

type Confirm = (() => void) | undefined;

const TYPING_EVERY = 3_000;
const TYPING_EXPIRES = 6_000;
const WHEN_REFUSED = 30_000;

const SESSION_GONE = new Set(['session_unknown', 'session_expired', 'session_invalid']);

export class Chat {
  #messages = $state.raw<Message[]>([]);
  #agent = $state.raw<AgentRef | null>(null);
  #queue = $state.raw<QueuePlace | null>(null);
  #status = $state<Conversation['status'] | null>(null);
  #typist = $state<string | null>(null);
  #connection = $state<ConnectionState>('connecting');
  #isKnown = $state(false);
  #hasEarlier = $state(false);
  #isLoadingEarlier = $state(false);
  #readUpTo = $state<string | null>(null);

  #isLive = false;
  #identity: object | null = null;
  #toldIdentity = false;
  #session: string | null = null;
  #toldRead: string | null = null;
  #toldTyping = 0;
  #typingStops: Timer;
  #typistLeaves: Timer;

  readonly #socket: LiveSocket<VisitorEvents>;
  readonly #memory: Memory;
  readonly #outbox: Outbox;

  constructor(socket: LiveSocket<VisitorEvents>, memory: Memory) {
    this.#socket = socket;
    this.#memory = memory;
    this.#readUpTo = memory.read;
    this.#outbox = new Outbox(socket, memory, (message) => this.#take([message]));
    socket.onConnection((state, refusal) => this.#connectionIs(state, refusal));
    socket.on('session', (payload) => this.#welcome(payload));
    socket.on('message.created', (payload: MessagePayload, confirm?: Confirm) => {
      this.#hear(payload);
      confirm?.(); // to the server this is "delivered"
    });
    socket.on('message.updated', (payload) => this.#hear(payload));
    socket.on('conversation.updated', ({ conversation }) => this.#conversationIs(conversation));
    socket.on('typing', (payload) => this.#someoneTypes(payload));
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
    return this.#agent ? null : this.#queue;
  }

  get isResolved(): boolean {
    return this.#status === 'resolved';
  }

  /** The name of who is writing, empty where it has none, null while nobody is. */
  get typist(): string | null {
    return this.#typist;
  }

  get connection(): ConnectionState {
    return this.#connection;
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

  unread = $derived.by(() => {
    const read = this.#messages.find((message) => message.id === this.#readUpTo);
    return this.#messages.filter(
      (message) =>
        message.direction === 'out' &&
        message.type === 'message' &&
        message.delivery?.status !== 'read' &&
        (!read || inOrder(message, read) > 0),
    ).length;
  });

  // -- what one can do -----------------------------------------------------------------------------

  start(): void {
    this.#socket.connect();
  }

  /** Takes a message at once; it leaves when it can, once. */
  send(text: string, attachments: Attachment[] = [], replyTo: string | null = null): void {
    const said = text.trim();
    if (!said && attachments.length === 0) return;
    this.#outbox.add(said, attachments, replyTo);
    this.#memory.markTalked();
    this.#stopTyping();
  }

  retry(clientId: string): void {
    this.#outbox.retry(clientId);
  }

  discard(clientId: string): void {
    this.#outbox.done(clientId);
  }

  /** Every key pressed in the composer comes here; the agent hears of it now and then. */
  typed(text: string): void {
    if (!text.trim()) return this.#stopTyping();
    clearTimeout(this.#typingStops);
    this.#typingStops = setTimeout(() => this.#stopTyping(), TYPING_EXPIRES);
    if (!this.#isLive || Date.now() - this.#toldTyping < TYPING_EVERY) return;
    this.#toldTyping = Date.now();
    this.#socket.tell('typing', { on: true });
  }

  /** The customer has everything there is before their eyes. */
  seen(): void {
    const last = this.#messages.findLast(
      (message) => message.direction === 'out' && message.type === 'message',
    );
    if (!last) return;
    if (this.#readUpTo !== last.id) {
      this.#readUpTo = last.id;
      this.#memory.markRead(last.id);
    }
    if (!this.#isLive || this.#toldRead === last.id || last.delivery?.status === 'read') return;
    this.#toldRead = last.id;
    void this.#tellRead(last.id);
  }

  async loadEarlier(): Promise<void> {
    const first = this.#messages[0];
    if (!first || !this.#isLive || !this.#hasEarlier || this.#isLoadingEarlier) return;
    this.#isLoadingEarlier = true;
    const session = this.#session;
    const answer = await this.#socket.ask<SyncAck>('history', { before: first.id });
    this.#isLoadingEarlier = false;
    if (!answer.ok || session !== this.#session) return;
    this.#hasEarlier = answer.more;
    this.#messages = merged(this.#messages, answer.messages);
  }

  /** The site says who this is. The server decides, and may answer with another session. */
  identify(identity: unknown): void {
    const payload = typeof identity === 'string' ? { token: identity } : identity;
    if (typeof payload !== 'object' || payload === null) return;
    this.#identity = payload;
    this.#toldIdentity = false;
    this.#tellIdentity();
  }

  /** The person on this browser has signed out: the next one starts with nothing. */
  reset(): void {
    this.#identity = null;
    this.#empty();
    this.#outbox.clear();
    this.#memory.forget();
    this.#isLive = false;
    this.#socket.close();
    this.#socket.connect();
  }

  // -- what happens --------------------------------------------------------------------------------

  #connectionIs(state: ConnectionState, refusal = ''): void {
    this.#connection = state;
    if (state === 'connected') return; // the session event makes it live
    this.#isLive = false;
    this.#toldRead = null;
    this.#toldIdentity = false;
    this.#toldTyping = 0;
    this.#typist = null;
    this.#outbox.close();
    if (state !== 'refused') return;
    if (this.#memory.session !== null && SESSION_GONE.has(refusal)) {
      this.#startAnew();
      this.#socket.connect();
    } else {
      setTimeout(() => this.#socket.connect(), WHEN_REFUSED);
    }
  }

  #welcome(payload: SessionPayload): void {
    if (!this.#isSamePerson(payload)) this.#startAnew();
    const last = newest(this.#messages);
    this.#session = payload.session;
    this.#memory.welcome(payload.session, payload.contact?.id ?? null);
    this.#agent = payload.agent;
    this.#queue = payload.queue;
    this.#take(payload.messages);
    if (!last) this.#hasEarlier = payload.more;
    if (payload.messages.length > 0) this.#memory.markTalked();
    this.#connection = 'connected';
    this.#isKnown = true;
    this.#isLive = true;
    this.#tellIdentity();
    if (last) void this.#catchUp(last);
    this.#outbox.open();
  }

  /** Asks for what was said while the line was down, page by page. */
  async #catchUp(after: string): Promise<void> {
    const session = this.#session;
    for (let more = true; more; ) {
      const answer = await this.#socket.ask<SyncAck>('sync', { after });
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
    if (message.direction === 'out' && message.type === 'message') this.#nobodyTypes();
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

  #someoneTypes({ author, on }: TypingPayload): void {
    if (author.type === 'contact') return;
    if (!on) return this.#nobodyTypes();
    this.#typist = author.name;
    clearTimeout(this.#typistLeaves);
    this.#typistLeaves = setTimeout(() => this.#nobodyTypes(), TYPING_EXPIRES);
  }

  #nobodyTypes(): void {
    clearTimeout(this.#typistLeaves);
    this.#typist = null;
  }

  async #tellRead(id: string): Promise<void> {
    const answer = await this.#socket.ask('read', { message_id: id });
    if (!answer.ok && this.#toldRead === id) this.#toldRead = null;
  }

  /** Once per connection: the answer may be a new session, which must not ask again. */
  #tellIdentity(): void {
    if (!this.#identity || !this.#isLive || this.#toldIdentity) return;
    this.#toldIdentity = true;
    void this.#socket.ask('identify', this.#identity);
  }

  #stopTyping(): void {
    clearTimeout(this.#typingStops);
    if (this.#toldTyping === 0) return;
    this.#toldTyping = 0;
    this.#socket.tell('typing', { on: false });
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
    this.#typist = null;
    this.#session = null;
    this.#isKnown = false;
    this.#hasEarlier = false;
    this.#readUpTo = null;
    this.#toldRead = null;
  }
}

/** The server counts messages by id, whatever their times say. */
function newest(messages: readonly Message[]): string | null {
  const ids = messages.map((message) => message.id);
  return ids.reduce<string | null>((last, id) => (last !== null && byId(last, id) > 0 ? last : id), null);
}

type Timer = ReturnType<typeof setTimeout> | undefined;
