// Who is writing right now, on either side. Both are forgotten when nothing comes for a while.
import type { LiveSocket } from '$shared/socket';
import type { TypingPayload } from '$shared/types';

const TELL_EVERY = 3_000;
const EXPIRES = 6_000;

type Timer = ReturnType<typeof setTimeout> | undefined;

export class Typing {
  #typist = $state<string | null>(null);
  #told = 0;
  #stops: Timer;
  #typistLeaves: Timer;
  readonly #socket: Pick<LiveSocket<never>, 'emit'>;

  constructor(socket: Pick<LiveSocket<never>, 'emit'>) {
    this.#socket = socket;
  }

  /** The name of who is writing, empty where it has none, null while nobody is. */
  get typist(): string | null {
    return this.#typist;
  }

  /** A key was pressed here; the other side hears of it now and then. */
  pressed(text: string, isLive: boolean): void {
    if (!text.trim()) return this.stop();
    clearTimeout(this.#stops);
    this.#stops = setTimeout(() => this.stop(), EXPIRES);
    if (!isLive || Date.now() - this.#told < TELL_EVERY) return;
    this.#told = Date.now();
    this.#socket.emit('typing', { on: true });
  }

  stop(): void {
    clearTimeout(this.#stops);
    if (this.#told === 0) return;
    this.#told = 0;
    this.#socket.emit('typing', { on: false });
  }

  hear({ author, on }: TypingPayload): void {
    if (author.type === 'contact') return;
    if (!on) return this.nobody();
    this.#typist = author.name;
    clearTimeout(this.#typistLeaves);
    this.#typistLeaves = setTimeout(() => this.nobody(), EXPIRES);
  }

  nobody(): void {
    clearTimeout(this.#typistLeaves);
    this.#typist = null;
  }

  /** The line is down: neither side hears anything. */
  cut(): void {
    this.#told = 0;
    this.#typist = null;
  }
}
