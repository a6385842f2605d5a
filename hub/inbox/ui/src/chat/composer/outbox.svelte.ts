// The customer's messages that the server has not stored yet. They leave one at a time, in the order in
// which they were written, and the id made here lets the server store each of them once.
import { newId } from '$shared/id';
import type { LiveSocket } from '$shared/socket';
import type { Attachment, Message } from '$shared/types';
import type { StoredMessage, Memory } from '../session/memory';

export type OutgoingState = 'waiting' | 'sending' | 'slowed' | 'failed';

export interface Outgoing extends StoredMessage {
  state: OutgoingState;
  /** The server's sentence about a failed one. */
  problem: string;
  /** The kind of refusal behind it; empty before one. */
  code: string;
}

const TRY_AGAIN = 2_000;
const TRY_AGAIN_AT_LAST = 30_000;
const WHEN_SLOWED = 4_000;

/** Refusals that pass by themselves: the same message is sent again, with the same id. */
const PASSING = new Set(['timeout', 'error', 'internal', 'conflict']);
const TOO_FAST = new Set(['limit_exceeded']);

export class Outbox {
  #entries = $state<Outgoing[]>([]);
  #isOpen = false;
  #isFlushing = false;
  #failures = 0;
  #typedHere = new Set<string>();
  #retries: ReturnType<typeof setTimeout> | undefined;

  readonly #socket: Pick<LiveSocket<never>, 'request'>;
  readonly #memory: Memory;
  readonly #arrived: (message: Message) => void;

  constructor(
    socket: Pick<LiveSocket<never>, 'request'>,
    memory: Memory,
    arrived: (message: Message) => void,
  ) {
    this.#socket = socket;
    this.#memory = memory;
    this.#arrived = arrived;
    this.#entries = memory.outbox.map(waiting);
  }

  get entries(): readonly Outgoing[] {
    return this.#entries;
  }

  add(text: string, attachments: readonly Attachment[], replyTo: string | null): void {
    const kept: StoredMessage = {
      client_id: newId(),
      text,
      attachments: attachments.map(({ id, name, media_type, size, url }) => ({
        id,
        name,
        media_type,
        size,
        url,
      })),
      reply_to: replyTo,
      created_at: new Date().toISOString(),
    };
    this.#typedHere.add(kept.client_id);
    this.#memory.keep(kept);
    this.#entries.push(waiting(kept));
    void this.#flush();
  }

  retry(clientId: string): void {
    const entry = this.#find(clientId);
    if (!entry) return;
    entry.state = 'waiting';
    void this.#flush();
  }

  /** Removes a message that is stored, or that the customer discarded. */
  done(clientId: string): void {
    const at = this.#entries.findIndex((entry) => entry.client_id === clientId);
    if (at < 0) return;
    this.#entries.splice(at, 1);
    this.#memory.drop(clientId);
  }

  /** The session is known: waiting messages may leave. */
  open(): void {
    this.#isOpen = true;
    this.#release();
  }

  close(): void {
    this.#isOpen = false;
  }

  clear(): void {
    for (const entry of this.#entries) this.#memory.drop(entry.client_id);
    this.#entries = [];
  }

  /**
   * Another contact's session begins. Only messages typed on this page stay, without files and quotes,
   * which belong to the former session.
   */
  clearFormer(): void {
    this.#entries = this.#entries
      .filter((entry) => this.#typedHere.has(entry.client_id) && entry.text !== '')
      .map((entry) => ({ ...entry, attachments: [], reply_to: null }));
    for (const { state: _, problem: __, code: ___, ...kept } of $state.snapshot(this.#entries)) {
      this.#memory.keep(kept);
    }
  }

  async #flush(): Promise<void> {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    while (this.#isOpen) {
      const next = this.#entries.find((entry) => entry.state !== 'failed');
      // One that was slowed down holds up the others: none may overtake it.
      if (next?.state !== 'waiting' || !(await this.#deliver(next))) break;
    }
    this.#isFlushing = false;
  }

  /** True when the next one may leave. */
  async #deliver(entry: Outgoing): Promise<boolean> {
    const { client_id, text, attachments, reply_to } = entry;
    entry.state = 'sending';
    const answer = await this.#socket.request<{ message: Message }>('message.send', {
      text,
      client_id,
      ...(attachments.length > 0 && { attachments: attachments.map((one) => one.id) }),
      ...(reply_to && { reply_to }),
    });
    if (!this.#find(client_id)) return true; // its event came first, or it was let go
    if (answer.ok) {
      this.#failures = 0;
      this.done(client_id);
      this.#arrived(answer.message);
      return true;
    }
    if (PASSING.has(answer.code) || TOO_FAST.has(answer.code)) {
      const isTooFast = TOO_FAST.has(answer.code);
      entry.state = isTooFast ? 'slowed' : 'waiting';
      const wait = Math.min(TRY_AGAIN * 2 ** this.#failures++, TRY_AGAIN_AT_LAST);
      this.#retries = setTimeout(() => this.#release(), isTooFast ? WHEN_SLOWED : wait);
      return false;
    }
    entry.state = 'failed';
    entry.problem = answer.message;
    entry.code = answer.code;
    return true;
  }

  #release(): void {
    clearTimeout(this.#retries);
    for (const entry of this.#entries) if (entry.state === 'slowed') entry.state = 'waiting';
    void this.#flush();
  }

  #find(clientId: string): Outgoing | undefined {
    return this.#entries.find((entry) => entry.client_id === clientId);
  }
}

function waiting(kept: StoredMessage): Outgoing {
  return { ...kept, state: 'waiting', problem: '', code: '' };
}
