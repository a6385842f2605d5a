// How far the customer has read, for the badge here and the ticks there.
import type { LiveSocket } from '$shared/socket';
import type { Message } from '$shared/types';
import type { Memory } from '../session/memory';
import { inOrder } from '../thread/timeline';

export class Reading {
  #upTo = $state<string | null>(null);
  #told: string | null = null;
  readonly #socket: Pick<LiveSocket<never>, 'request'>;
  readonly #memory: Memory;

  constructor(socket: Pick<LiveSocket<never>, 'request'>, memory: Memory) {
    this.#socket = socket;
    this.#memory = memory;
    this.#upTo = memory.read;
  }

  unreadOf(messages: readonly Message[]): number {
    const read = messages.find((message) => message.id === this.#upTo);
    return messages.filter(
      (message) =>
        isAnswer(message) && message.delivery?.status !== 'read' && (!read || inOrder(message, read) > 0),
    ).length;
  }

  /** All of these were before the eyes. `isOwn` tells those that were sent to this chat. */
  seen(messages: readonly Message[], isOwn: (message: Message) => boolean, isLive: boolean): void {
    const answers = messages.filter(isAnswer);
    const last = answers.at(-1);
    if (!last) return;
    if (this.#upTo !== last.id) {
      this.#upTo = last.id;
      this.#memory.markRead(last.id);
    }
    // Whether one was read that went elsewhere, its own channel says.
    const here = answers.findLast(isOwn);
    if (!isLive || !here || this.#told === here.id || here.delivery?.status === 'read') return;
    this.#told = here.id;
    void this.#tell(here.id);
  }

  /** The line is down: what was told may not have arrived. */
  cut(): void {
    this.#told = null;
  }

  forget(): void {
    this.#upTo = null;
    this.#told = null;
  }

  async #tell(id: string): Promise<void> {
    const answer = await this.#socket.request('read', { message_id: id });
    if (!answer.ok && this.#told === id) this.#told = null;
  }
}

function isAnswer(message: Message): boolean {
  return message.direction === 'out' && message.type === 'message';
}
