import type { Api } from '$shared/api';
import type { Handover, HandoverRecord, Message } from '$shared/types';
import { problemText } from '../shell/problem-text';

/** Invitations from one conversation to go on elsewhere. A link and its code are shown once, here. */
export class Handovers {
  readonly #api: Api;
  #conversationId = $state<string | null>(null);
  #records = $state<HandoverRecord[]>([]);
  #made = $state<Handover | null>(null);
  #making = $state('');
  #problem = $state('');

  constructor(api: Api) {
    this.#api = api;
  }

  /** The one that was just made, with what only its maker sees. */
  get made(): Handover | null {
    return this.#made;
  }

  /** The connector for which one is being made. */
  get making(): string {
    return this.#making;
  }

  get problem(): string {
    return this.#problem;
  }

  /** Those made before, newest first. */
  get earlier(): readonly HandoverRecord[] {
    return this.#records.filter((record) => record.id !== this.#made?.id);
  }

  /** When the one just made was followed. */
  get redeemedAt(): string | null {
    return this.#records.find((record) => record.id === this.#made?.id)?.redeemed_at ?? null;
  }

  async open(conversationId: string): Promise<void> {
    this.#conversationId = conversationId;
    this.#made = null;
    this.#records = [];
    this.#problem = '';
    await this.#load();
  }

  async make(connector: string): Promise<void> {
    const id = this.#conversationId;
    if (!id || this.#making) return;
    this.#making = connector;
    this.#problem = '';
    try {
      const made = await this.#api.invite(id, connector);
      if (this.#conversationId === id) this.#made = made;
    } catch (error) {
      if (this.#conversationId === id) this.#problem = problemText(error);
    } finally {
      this.#making = '';
    }
  }

  /** Back to the choice of a channel. */
  async another(): Promise<void> {
    this.#made = null;
    await this.#load();
  }

  /** An event of the thread may say that one was followed. */
  async heard(message: Message): Promise<void> {
    if (this.#conversationId !== null && message.event?.name.startsWith('handover.')) await this.#load();
  }

  close(): void {
    this.#conversationId = null;
    this.#made = null;
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
