// Going on elsewhere: the choice of a channel, the invitation to it, and that it was followed.
import type { Handover } from '$shared/types';
import type { Chat } from '../conversation/chat.svelte';
import type { Channel } from './channels';

/** Why there is no invitation: asked too often, nobody answered, or the channel cannot take over. */
export type Problem = 'often' | 'silent' | 'refused';

const PROBLEMS: Record<string, Problem> = { limit_exceeded: 'often', timeout: 'silent' };
// The longest that browsers wait: one more millisecond fires at once.
const LONGEST_TIMER = 2 ** 31 - 1;

interface Invited {
  handover: Handover;
  /** The newest message when it was made: what tells of its use comes after. */
  since: string | null;
  proofs: number;
  /** Whose it is: nobody else gets it shown. */
  session: string | null;
}

export class Elsewhere {
  readonly channels: readonly Channel[];
  #isOpen = $state(false);
  #channel = $state.raw<Channel | null>(null);
  #invited = $state.raw<Record<string, Invited>>({});
  #problem = $state<Problem | null>(null);
  #isExpired = $state(false);
  #expiry: ReturnType<typeof setTimeout> | undefined;
  readonly #chat: Chat;

  constructor(chat: Chat, channels: readonly Channel[]) {
    this.#chat = chat;
    this.channels = channels;
  }

  /** There must be something to go on with. */
  get isPossible(): boolean {
    return this.channels.length > 0 && this.#chat.hasSpoken;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get channel(): Channel | null {
    return this.#channel;
  }

  get invitation(): Handover | null {
    return this.#found?.handover ?? null;
  }

  get problem(): Problem | null {
    return this.#problem;
  }

  get isExpired(): boolean {
    return this.#isExpired;
  }

  /** The customer has followed the invitation before the eyes of this page. */
  get isFollowed(): boolean {
    const found = this.#found;
    return found !== undefined && this.#chat.wentOnTo(found.handover.connector, found.since, found.proofs);
  }

  get #found(): Invited | undefined {
    const found = this.#channel ? this.#invited[this.#channel.connector] : undefined;
    return found?.session === this.#chat.session ? found : undefined;
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
    if (this.isFollowed) this.#forget(this.#channel?.connector ?? '');
    clearTimeout(this.#expiry);
    this.#channel = null;
    this.#problem = null;
  }

  /** Shows the invitation to a channel; one that is still good is shown again. */
  async choose(channel: Channel): Promise<void> {
    this.#channel = channel;
    this.#problem = null;
    if (this.#found) this.#watchExpiry();
    if (!this.#found || this.#isExpired) await this.renew();
  }

  async renew(): Promise<void> {
    const channel = this.#channel;
    if (!channel) return;
    this.#forget(channel.connector);
    this.#problem = null;
    const { newest: since, proofs, session } = this.#chat;
    const answer = await this.#chat.invite(channel.connector);
    if (answer.ok) {
      const { id, connector, url, code, qr, expires_at } = answer;
      const handover = { id, connector, url, code, qr, expires_at };
      this.#invited = { ...this.#invited, [channel.connector]: { handover, since, proofs, session } };
    }
    if (this.#channel !== channel) return; // another one was chosen meanwhile
    if (answer.ok) this.#watchExpiry();
    else this.#problem = PROBLEMS[answer.code] ?? 'refused';
  }

  #forget(connector: string): void {
    const { [connector]: _, ...others } = this.#invited;
    this.#invited = others;
    this.#isExpired = false;
  }

  #watchExpiry(): void {
    clearTimeout(this.#expiry);
    const left = Date.parse(this.invitation?.expires_at ?? '') - Date.now();
    this.#isExpired = left <= 0;
    if (left <= 0) return;
    this.#expiry = setTimeout(() => this.#watchExpiry(), Math.min(left, LONGEST_TIMER));
  }
}
