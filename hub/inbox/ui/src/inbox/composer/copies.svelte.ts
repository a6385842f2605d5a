import type { Api } from '$shared/api';
import { readableAddress } from '$shared/format';
import type { Message } from '$shared/types';

const MAIL_ADDRESS = /^[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+$/u;

interface ChosenCopies {
  /** Null for the copies of the mail answered. */
  get: () => readonly string[] | null;
  set: (cc: string[] | null) => void;
}

/** The copies of a reply by mail: those of the mail answered, until the agent adds or removes one. */
export class Copies {
  readonly #api: Pick<Api, 'recipients'>;
  readonly #chosen: ChosenCopies;
  #answeredId = '';
  #usual = $state.raw<readonly string[]>([]);

  constructor(api: Pick<Api, 'recipients'>, chosen: ChosenCopies) {
    this.#api = api;
    this.#chosen = chosen;
  }

  /** The addresses, without their scheme. */
  get addresses(): readonly string[] {
    return (this.#chosen.get() ?? this.#usual).map(readableAddress);
  }

  /** Loads the copies that an answer to this mail has. */
  async load(answered: Message | null): Promise<void> {
    const id = answered?.id ?? '';
    if (id === this.#answeredId) return;
    this.#answeredId = id;
    this.#usual = [];
    if (!answered || answered.to.length + answered.cc.length < 2) return;
    const { cc } = await this.#api.recipients(id);
    if (this.#answeredId === id) this.#usual = cc;
  }

  /** False when the text is no address. */
  add(text: string): boolean {
    const address = text.trim();
    if (!MAIL_ADDRESS.test(address)) return false;
    const others = this.addresses.filter((other) => other.toLowerCase() !== address.toLowerCase());
    this.#chosen.set([...others, address]);
    return true;
  }

  remove(address: string): void {
    this.#chosen.set(this.addresses.filter((other) => other !== address));
  }
}
