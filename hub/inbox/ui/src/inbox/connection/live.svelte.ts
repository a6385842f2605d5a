import { openSocket, type ConnectionState, type LiveSocket } from '$shared/socket';
import type { Ack, AgentEvents, Message, Presence, SyncAck } from '$shared/types';

/** What the screen does with an event. The one who acted gets the same events as everybody. */
export type Ears = { [Name in keyof AgentEvents]: (payload: AgentEvents[Name]) => void } & {
  back: () => void;
  /** The server lets this screen in no more: signed out there, or the account is disabled. */
  refused: () => void;
};

const NOT_SIGNED_IN = 'not_signed_in';
/** For so long a screen waits for its first connection before it shows what there is without one. */
const PATIENCE = 1_000;

/** The socket: hears events, and after a lost connection asks for what it missed. */
export class Live {
  #socket: LiveSocket<AgentEvents>;
  #ears: Ears;
  #state = $state<ConnectionState>('connecting');
  #wasConnected = false;
  #isStarted = false;
  #settled: () => void = () => {};

  constructor(ears: Ears, socket: LiveSocket<AgentEvents> = openSocket<AgentEvents>('/agent')) {
    this.#ears = ears;
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
    ] as const;
    for (const name of names) this.#hear(name);
    socket.onConnection((state, refusal) => this.#connection(state, refusal));
    // The device knows at once; the socket itself would notice by its next ping.
    addEventListener('offline', () => this.#isStarted && socket.close());
    addEventListener('online', () => this.#isStarted && socket.connect());
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /**
   * Connects. What is asked for once this has ended has no gap: all that happens later is heard, or
   * is caught up with as soon as there is a connection.
   */
  async start(): Promise<void> {
    this.#isStarted = true;
    const settled = new Promise<void>((resolve) => (this.#settled = resolve));
    const timer = setTimeout(() => this.#settled(), PATIENCE);
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

  /** What was said in a conversation after a message, oldest first: what a lost connection hid. */
  async missed(conversationId: string, after: string): Promise<Message[]> {
    const found: Message[] = [];
    let from: string | null = after;
    while (from !== null) {
      const answer: Ack<SyncAck> = await this.#socket.ask<SyncAck>('sync', { conversation_id: conversationId, after: from });
      if (!answer.ok) break;
      found.push(...answer.messages);
      from = answer.more ? (answer.messages.at(-1)?.id ?? null) : null;
    }
    return found;
  }

  typing(conversationId: string, on: boolean): void {
    this.#socket.tell('typing', { conversation_id: conversationId, on });
  }

  viewing(conversationId: string): void {
    this.#socket.tell('conversation.view', { conversation_id: conversationId });
  }

  async setPresence(presence: Presence): Promise<boolean> {
    return (await this.#socket.ask('presence.set', { presence })).ok;
  }

  #hear<Name extends keyof AgentEvents>(name: Name): void {
    this.#socket.on(name, (payload) => (this.#ears[name] as (payload: AgentEvents[Name]) => void)(payload));
  }

  #connection(state: ConnectionState, refusal = ''): void {
    this.#state = state;
    if (state === 'refused' && refusal === NOT_SIGNED_IN) this.#ears.refused();
    if (state === 'connected' && this.#wasConnected) this.#ears.back();
    if (state === 'connected') this.#wasConnected = true;
    this.#settled();
  }
}
