// Typing on both sides. Each ends after a while without a sign of it.
import type { LiveSocket } from '$shared/socket';
import type { TypingPayload } from '$shared/types';

const TYPING_INTERVAL_MS = 3_000;
const TYPING_EXPIRES_MS = 6_000;

type Timer = ReturnType<typeof setTimeout> | undefined;

export class Typing {
  #typist = $state<string | null>(null);
  #sentAt = 0;
  #stops: Timer;
  #typistLeaves: Timer;
  readonly #socket: Pick<LiveSocket<never>, 'emit'>;

  constructor(socket: Pick<LiveSocket<never>, 'emit'>) {
    this.#socket = socket;
  }

  /** The name of the agent who is typing; empty for one without a name, null while no agent types. */
  get typist(): string | null {
    return this.#typist;
  }

  /** A key was pressed here; typing is sent at intervals. */
  pressed(text: string, isLive: boolean): void {
    if (!text.trim()) return this.stop();
    clearTimeout(this.#stops);
    this.#stops = setTimeout(() => this.stop(), TYPING_EXPIRES_MS);
    if (!isLive || Date.now() - this.#sentAt < TYPING_INTERVAL_MS) return;
    this.#sentAt = Date.now();
    this.#socket.emit('typing', { on: true });
  }

  stop(): void {
    clearTimeout(this.#stops);
    if (this.#sentAt === 0) return;
    this.#sentAt = 0;
    this.#socket.emit('typing', { on: false });
  }

  applyTyping({ author, on }: TypingPayload): void {
    if (author.type === 'contact') return;
    if (!on) return this.clear();
    this.#typist = author.name;
    clearTimeout(this.#typistLeaves);
    this.#typistLeaves = setTimeout(() => this.clear(), TYPING_EXPIRES_MS);
  }

  clear(): void {
    clearTimeout(this.#typistLeaves);
    this.#typist = null;
  }

  /** The connection is lost: typing ends on both sides. */
  cut(): void {
    this.#sentAt = 0;
    this.#typist = null;
  }
}
