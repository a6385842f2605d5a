import type { Api } from '$shared/api';
import type { Handover, HandoverRecord, Message } from '$shared/types';
import { problemText } from '../shell/problem-text';

/** The handovers of one conversation to other channels. A link and its code are shown once, after creation. */
export class Handovers {
  readonly #api: Api;
  #conversationId = $state<string | null>(null);
  #records = $state<HandoverRecord[]>([]);
  #created = $state<Handover | null>(null);
  #creatingFor = $state('');
  #problem = $state('');

  constructor(api: Api) {
    this.#api = api;
  }

  /** The handover that was just created, with its link and code. */
  get created(): Handover | null {
    return this.#created;
  }

  /** The connector for which a handover is being created; empty while none is. */
  get creatingFor(): string {
    return this.#creatingFor;
  }

  get problem(): string {
    return this.#problem;
  }

  /** Earlier handovers, newest first. */
  get earlierHandovers(): readonly HandoverRecord[] {
    return this.#records.filter((record) => record.id !== this.#created?.id);
  }

  /** When the new handover was redeemed. */
  get redeemedAt(): string | null {
    return this.#records.find((record) => record.id === this.#created?.id)?.redeemed_at ?? null;
  }

  async open(conversationId: string): Promise<void> {
    this.#conversationId = conversationId;
    this.#created = null;
    this.#records = [];
    this.#problem = '';
    await this.#load();
  }

  async create(connector: string): Promise<void> {
    const id = this.#conversationId;
    if (!id || this.#creatingFor) return;
    this.#creatingFor = connector;
    this.#problem = '';
    try {
      const created = await this.#api.createHandover(id, connector);
      if (this.#conversationId === id) this.#created = created;
    } catch (error) {
      if (this.#conversationId === id) this.#problem = problemText(error);
    } finally {
      this.#creatingFor = '';
    }
  }

  /** Returns to the choice of a channel. */
  async chooseAgain(): Promise<void> {
    this.#created = null;
    await this.#load();
  }

  /** An event of the timeline may say that a handover was redeemed. */
  async applyMessage(message: Message): Promise<void> {
    if (this.#conversationId !== null && message.event?.name.startsWith('handover.')) await this.#load();
  }

  close(): void {
    this.#conversationId = null;
    this.#created = null;
  }

  async #load(): Promise<void> {
    const id = this.#conversationId;
    if (!id) return;
    try {
      const page = await this.#api.handovers(id);
      if (this.#conversationId === id) this.#records = page.items;
    } catch (error) {
      if (this.#conversationId === id) this.#problem = problemText(error);
    }
  }
}
