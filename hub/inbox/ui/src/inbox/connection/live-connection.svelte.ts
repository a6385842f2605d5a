import { openSocket, type ConnectionState, type LiveSocket } from '$shared/socket';
import type { Ack, AgentEvents, Message, Presence, SyncAck } from '$shared/types';

/** The functions that apply each event. The agent whose action caused an event gets it like every other agent. */
export type EventHandlers = { [Name in keyof AgentEvents]: (payload: AgentEvents[Name]) => void } & {
  reconnected: () => void;
  /** The server refuses this screen: its agent has signed out, or the account is disabled. */
  refused: () => void;
};

const NOT_SIGNED_IN = 'not_signed_in';
/** Socket.IO does not connect again after a refusal: one that says nothing of the agent ends by itself. */
const WHEN_REFUSED_MS = 5_000;
/** The screen waits so long for its first connection before it loads without one, in milliseconds. */
const FIRST_CONNECTION_MS = 1_000;

/** The socket: receives events, and after a lost connection asks for the messages that it missed. */
export class LiveConnection {
  #socket: LiveSocket<AgentEvents>;
  #handlers: EventHandlers;
  #state = $state<ConnectionState>('connecting');
  #wasConnected = false;
  #isStarted = false;
  #settled: () => void = () => {};

  constructor(handlers: EventHandlers, socket: LiveSocket<AgentEvents> = openSocket<AgentEvents>('/agent')) {
    this.#handlers = handlers;
    this.#socket = socket;
    const names = [
      'message.created',
      'message.updated',
      'conversation.created',
      'conversation.updated',
      'contact.updated',
      'contact.linked',
      'contact.unlinked',
      'typing',
      'presence',
      'connector.updated',
      'conversation.viewed',
      'sla.warning',
      'sla.breached',
      'draft.updated',
      'job.updated',
      'notices',
      'notification.created',
      'notification.updated',
      'notification.cleared',
      'notification.test',
      'resync',
    ] as const;
    for (const name of names) this.#subscribe(name);
    socket.onConnection((state, refusal) => this.#applyState(state, refusal));
    // The device knows of a lost network at once; the socket notices it at its next ping.
    addEventListener('offline', () => this.#isStarted && socket.close());
    addEventListener('online', () => this.#isStarted && socket.connect());
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /**
   * Connects. Data requested after this has no gap: later events are received, or are caught up with
   * as soon as there is a connection.
   */
  async start(): Promise<void> {
    this.#isStarted = true;
    const settled = new Promise<void>((resolve) => (this.#settled = resolve));
    const timer = setTimeout(() => this.#settled(), FIRST_CONNECTION_MS);
    this.#socket.connect();
    await settled;
    clearTimeout(timer);
    this.#wasConnected = this.#isStarted;
  }

  stop(): void {
    this.#isStarted = false;
    this.#socket.close();
    this.#wasConnected = false;
    this.#state = 'connecting';
  }

  /** The messages of a conversation after the message `after`, oldest first. */
  async missedMessages(conversationId: string, after: string): Promise<Message[]> {
    const missed: Message[] = [];
    let from: string | null = after;
    while (from !== null) {
      const answer: Ack<SyncAck> = await this.#socket.request<SyncAck>('sync', { conversation_id: conversationId, after: from });
      if (!answer.ok) break;
      missed.push(...answer.messages);
      from = answer.more ? (answer.messages.at(-1)?.id ?? null) : null;
    }
    return missed;
  }

  sendTyping(conversationId: string, on: boolean): void {
    this.#socket.emit('typing', { conversation_id: conversationId, on });
  }

  sendViewing(conversationId: string): void {
    this.#socket.emit('conversation.view', { conversation_id: conversationId });
  }

  async setPresence(presence: Presence): Promise<boolean> {
    return (await this.#socket.request('presence.set', { presence })).ok;
  }

  #subscribe<Name extends keyof AgentEvents>(name: Name): void {
    this.#socket.on(name, (payload) => (this.#handlers[name] as (payload: AgentEvents[Name]) => void)(payload));
  }

  #applyState(state: ConnectionState, refusal = ''): void {
    this.#state = state;
    if (state === 'refused') {
      if (refusal === NOT_SIGNED_IN) this.#handlers.refused();
      else setTimeout(() => this.#isStarted && this.#socket.connect(), WHEN_REFUSED_MS);
    }
    if (state === 'connected' && this.#wasConnected) this.#handlers.reconnected();
    if (state === 'connected') this.#wasConnected = true;
    this.#settled();
  }
}
