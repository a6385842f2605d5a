// A handover to another channel: the choice of the channel, the link to it, and its redemption.
import type { Handover } from '$shared/types';
import type { Chat } from '../conversation/chat.svelte';
import type { Channel } from './channels';

/** The reason why there is no handover: too many requests, no answer, or the channel refuses it. */
export type Problem = 'often' | 'silent' | 'refused';

const PROBLEMS: Record<string, Problem> = { limit_exceeded: 'often', timeout: 'silent' };
// The longest time of a browser's timer: one more millisecond fires at once.
const LONGEST_TIMER = 2 ** 31 - 1;

interface CreatedHandover {
  handover: Handover;
  /** The newest message at its creation: a sign of its use comes later. */
  since: string | null;
  proofs: number;
  /** The session that it belongs to: it is not shown to another one. */
  session: string | null;
}

export class ChannelHandover {
  readonly channels: readonly Channel[];
  #isOpen = $state(false);
  #channel = $state.raw<Channel | null>(null);
  #created = $state.raw<Record<string, CreatedHandover>>({});
  #problem = $state<Problem | null>(null);
  #isExpired = $state(false);
  #expiry: ReturnType<typeof setTimeout> | undefined;
  readonly #chat: Chat;

  constructor(chat: Chat, channels: readonly Channel[]) {
    this.#chat = chat;
    this.channels = channels;
  }

  /** There is a conversation to hand over. */
  get isPossible(): boolean {
    return this.channels.length > 0 && this.#chat.hasSpoken;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get channel(): Channel | null {
    return this.#channel;
  }

  get current(): Handover | null {
    return this.#createdHere?.handover ?? null;
  }

  get problem(): Problem | null {
    return this.#problem;
  }

  get isExpired(): boolean {
    return this.#isExpired;
  }

  /** The customer has redeemed the handover while this page was open. */
  get isRedeemed(): boolean {
    const created = this.#createdHere;
    return created !== undefined && this.#chat.continuedOn(created.handover.connector, created.since, created.proofs);
  }

  get #createdHere(): CreatedHandover | undefined {
    const created = this.#channel ? this.#created[this.#channel.connector] : undefined;
    return created?.session === this.#chat.session ? created : undefined;
  }

  open(): void {
    this.#channel = null;
    this.#isOpen = true;
  }

  close(): void {
    this.#isOpen = false;
    this.back();
  }

  back(): void {
    if (this.isRedeemed) this.#forget(this.#channel?.connector ?? '');
    clearTimeout(this.#expiry);
    this.#channel = null;
    this.#problem = null;
  }

  /** Shows a handover to a channel; one that is still good is shown again. */
  async choose(channel: Channel): Promise<void> {
    this.#channel = channel;
    this.#problem = null;
    if (this.#createdHere) this.#watchExpiry();
    if (!this.#createdHere || this.#isExpired) await this.renew();
  }

  async renew(): Promise<void> {
    const channel = this.#channel;
    if (!channel) return;
    this.#forget(channel.connector);
    this.#problem = null;
    const { newest: since, proofs, session } = this.#chat;
    const answer = await this.#chat.requestHandover(channel.connector);
    if (answer.ok) {
      const { id, connector, url, code, qr, expires_at } = answer;
      const handover = { id, connector, url, code, qr, expires_at };
      this.#created = { ...this.#created, [channel.connector]: { handover, since, proofs, session } };
    }
    if (this.#channel !== channel) return; // another channel was chosen meanwhile
    if (answer.ok) this.#watchExpiry();
    else this.#problem = PROBLEMS[answer.code] ?? 'refused';
  }

  #forget(connector: string): void {
    const { [connector]: _, ...others } = this.#created;
    this.#created = others;
    this.#isExpired = false;
  }

  #watchExpiry(): void {
    clearTimeout(this.#expiry);
    const left = Date.parse(this.current?.expires_at ?? '') - Date.now();
    this.#isExpired = left <= 0;
    if (left <= 0) return;
    this.#expiry = setTimeout(() => this.#watchExpiry(), Math.min(left, LONGEST_TIMER));
  }
}
