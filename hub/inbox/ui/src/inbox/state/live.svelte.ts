import { openSocket, type ConnectionState, type LiveSocket } from '$shared/socket';
import type { AgentEvents, Message, Presence, SyncAck } from '$shared/types';

/** What the screen does with an event. The one who acted gets the same events as everybody. */
export type Ears = { [Name in keyof AgentEvents]: (payload: AgentEvents[Name]) => void } & {
  missed: (messages: Message[]) => void;
  back: () => void;
};

/** The socket: hears events, and after a lost connection asks for what it missed. */
export class Live {
  #socket: LiveSocket<AgentEvents>;
  #ears: Ears;
  #state = $state<ConnectionState>('connecting');
  #wasConnected = false;
  #lastMessageId: string | null = null;

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
    ] as const;
    for (const name of names) this.#hear(name);
    socket.onConnection((state) => this.#connection(state));
  }

  get state(): ConnectionState {
    return this.#state;
  }

  start(): void {
    this.#socket.connect();
  }

  stop(): void {
    this.#socket.close();
    this.#wasConnected = false;
    this.#lastMessageId = null;
    this.#state = 'connecting';
  }

  /** From where to ask on after a reconnect, until an event moves it. */
  startFrom(messageId: string | null): void {
    this.#lastMessageId ??= messageId;
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
    this.#socket.on(name, (payload) => {
      if (name === 'message.created') this.#lastMessageId = (payload as AgentEvents['message.created']).message.id;
      (this.#ears[name] as (payload: AgentEvents[Name]) => void)(payload);
    });
  }

  #connection(state: ConnectionState): void {
    this.#state = state;
    if (state !== 'connected') return;
    if (this.#wasConnected) void this.#catchUp();
    this.#wasConnected = true;
  }

  async #catchUp(): Promise<void> {
    let after = this.#lastMessageId;
    while (after) {
      const answer = await this.#socket.ask<SyncAck>('sync', { after });
      if (!answer.ok) break;
      this.#ears.missed(answer.messages);
      const last = answer.messages.at(-1);
      if (last) this.#lastMessageId = last.id;
      after = answer.more && last ? last.id : null;
    }
    this.#ears.back();
  }
}
