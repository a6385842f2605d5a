import type { Api, NewMessage } from '$shared/api';
import { ApiError } from '$shared/http';
import type { Attachment, Conversation, Message } from '$shared/types';
import { problemText } from '../shell/problem-text';
import type { Session } from '../session/session.svelte';
import { localId } from '../thread/timeline-state.svelte';

const STORAGE_KEY = 'hub.outbox';
const RETRY_MS = 5_000;
/** The code of a delivery that waits on this device. */
export const OFFLINE = 'offline';

export interface Outgoing {
  conversation: Conversation;
  message: NewMessage;
  attachments: Attachment[];
  kind: string | null;
  address: string | null;
}

interface PendingMessage {
  conversationId: string;
  message: NewMessage;
  shown: Message;
  /** The author: another agent at this screen does not send it. */
  agentId: string;
  isRefused: boolean;
}

/**
 * Messages on their way to the server. Each is shown at once; one that the server has not
 * confirmed is stored on this device and sent again with the same client id.
 */
export class Outbox {
  #api: Api;
  #session: Session;
  #showMessage: (message: Message, requestedAt?: number) => void;
  #waiting: PendingMessage[] = read();
  #queue: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Gets back a message that the server stopped, because something came in that its author has not seen. */
  onStopped: (message: NewMessage, attachments: readonly Attachment[], conversationId: string, unseen: Message) => void = () => {};
  /** Is told of a message that the server has. */
  onStored: (message: Message) => void = () => {};
  /** Removes a message from the screen. */
  onRemoved: (messageId: string) => void = () => {};

  constructor(api: Api, session: Session, show: (message: Message, requestedAt?: number) => void) {
    this.#api = api;
    this.#session = session;
    this.#showMessage = show;
  }

  /** The messages that wait for one contact, to be shown when its timeline opens. */
  waitingFor(contactId: string): Message[] {
    return this.#waiting.filter((w) => w.shown.contact_id === contactId && w.agentId === this.#session.agentId).map((w) => w.shown);
  }

  async send(outgoing: Outgoing): Promise<void> {
    const waiting: PendingMessage = {
      conversationId: outgoing.conversation.id,
      message: outgoing.message,
      shown: this.#optimistic(outgoing),
      agentId: this.#session.agentId,
      isRefused: false,
    };
    this.#waiting.push(waiting);
    this.#save();
    this.#showMessage(waiting.shown);
    await this.flush();
  }

  async retry(clientId: string): Promise<void> {
    const waiting = this.#waiting.find((w) => w.message.client_id === clientId);
    if (waiting) waiting.isRefused = false;
    await this.flush();
  }

  /** Forgets a message that was taken back on another screen while this one waited for its answer. */
  forget(clientId: string | null): void {
    const waiting = this.#waiting.find((w) => w.message.client_id === clientId);
    if (waiting) this.#remove(waiting);
  }

  /** Sends all waiting messages, one after the other, in the order in which they were written. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#queue = this.#queue.then(() => this.#sendAll());
    return this.#queue;
  }

  async #sendAll(): Promise<void> {
    for (const waiting of this.#waiting.filter((w) => !w.isRefused && w.agentId === this.#session.agentId)) {
      // A later message must not overtake.
      if (!(await this.#trySend(waiting))) {
        this.#timer = setTimeout(() => void this.flush(), RETRY_MS);
        return;
      }
    }
  }

  /** False when the server was not reached. */
  async #trySend(waiting: PendingMessage): Promise<boolean> {
    this.#mark(waiting, 'queued', '');
    try {
      const requestedAt = performance.now();
      const stored = await this.#api.send(waiting.conversationId, waiting.message);
      this.#remove(waiting);
      this.#showMessage(stored, requestedAt);
      this.onStored(stored);
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.problem.message) {
        this.#remove(waiting);
        this.onRemoved(waiting.shown.id);
        this.onStopped(waiting.message, waiting.shown.attachments, waiting.conversationId, error.problem.message);
        return true;
      }
      if (error instanceof ApiError && error.isTransient) {
        this.#mark(waiting, 'queued', OFFLINE);
        return false;
      }
      waiting.isRefused = true;
      this.#mark(waiting, 'failed', problemText(error));
      this.#save();
      return true;
    }
  }

  #mark(waiting: PendingMessage, status: 'queued' | 'failed', reason: string): void {
    const code = reason === OFFLINE ? OFFLINE : '';
    const delivery = { status, code, reason: code ? '' : reason, attempts: 0, maybe_twice: false, fallback_from: null };
    waiting.shown = { ...waiting.shown, delivery };
    this.#showMessage(waiting.shown);
  }

  #remove(waiting: PendingMessage): void {
    this.#waiting = this.#waiting.filter((w) => w !== waiting);
    this.#save();
  }

  #save(): void {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(this.#waiting));
  }

  #optimistic({ conversation, message, attachments, kind, address }: Outgoing): Message {
    const now = new Date().toISOString();
    return {
      id: localId(message.client_id),
      conversation_id: conversation.id,
      contact_id: conversation.contact.id,
      direction: 'out',
      type: message.type,
      connector: message.type === 'note' ? null : (message.connector ?? null),
      kind: message.type === 'note' ? null : kind,
      address: message.type === 'note' ? null : address,
      to: [],
      cc: message.cc ?? [],
      mentions: [],
      send_at: message.send_at ?? null,
      origin: null,
      text: message.text,
      html: '',
      subject: '',
      folded: '',
      attachments,
      reply_to: message.reply_to ?? null,
      duplicate_of: null,
      author: { type: 'agent', id: this.#session.agentId, name: this.#session.agent.name },
      delivery: message.type === 'note' ? null : { status: 'queued', code: '', reason: '', attempts: 0, maybe_twice: false, fallback_from: null },
      external_id: null,
      client_id: message.client_id,
      created_at: now,
      received_at: now,
      edited_at: null,
      edits: [],
      event: null,
      location: null,
      card: null,
      reactions: [],
      buttons: [],
    };
  }
}

function read(): PendingMessage[] {
  try {
    return JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '[]') as PendingMessage[];
  } catch {
    return [];
  }
}
