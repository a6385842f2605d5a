// The last message that the customer has read: for the unread badge here and the agent's ticks.
import { compareMessages } from '$shared/message-order';
import type { LiveSocket } from '$shared/socket';
import type { Message } from '$shared/types';
import type { Memory } from '../session/memory';

export class ReadState {
  #upTo = $state<string | null>(null);
  #reported: string | null = null;
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
        isAnswer(message) && message.delivery?.status !== 'read' && (!read || compareMessages(message, read) > 0),
    ).length;
  }

  /** Marks the messages as read. `isOwn` says whether one was sent to this chat. */
  seen(messages: readonly Message[], isOwn: (message: Message) => boolean, isLive: boolean): void {
    const answers = messages.filter(isAnswer);
    const last = answers.at(-1);
    if (!last) return;
    if (this.#upTo !== last.id) {
      this.#upTo = last.id;
      this.#memory.markRead(last.id);
    }
    // The read state of a message on another channel comes from that channel.
    const ownAnswer = answers.findLast(isOwn);
    if (!isLive || !ownAnswer || this.#reported === ownAnswer.id || ownAnswer.delivery?.status === 'read') return;
    this.#reported = ownAnswer.id;
    void this.#report(ownAnswer.id);
  }

  /** The connection is lost: the last report may not have arrived. */
  cut(): void {
    this.#reported = null;
  }

  forget(): void {
    this.#upTo = null;
    this.#reported = null;
  }

  async #report(id: string): Promise<void> {
    const answer = await this.#socket.request('read', { message_id: id });
    if (!answer.ok && this.#reported === id) this.#reported = null;
  }
}

function isAnswer(message: Message): boolean {
  return message.direction === 'out' && message.type === 'message';
}
