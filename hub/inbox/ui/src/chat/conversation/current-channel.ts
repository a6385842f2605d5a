// The channel that a customer uses now, derived from the messages. Pure.
import { compareIds } from '$shared/message-order';
import type { Kind, Message } from '$shared/types';

/** The channel of a message. */
export interface ChannelReference {
  connector: string;
  kind: Kind;
}

/** The channel on which the customer wrote last; null before their first message. */
export function lastChannel(messages: readonly Message[]): ChannelReference | null {
  const last = messages.findLast(({ type, direction }) => type === 'message' && direction === 'in');
  return last?.connector ? { connector: last.connector, kind: last.kind ?? '' } : null;
}

/** Whether the customer continued on `connector` after the message `since`: wrote there, or was greeted. */
export function continuedOn(messages: readonly Message[], connector: string, since: string | null): boolean {
  return messages.some(
    (message) =>
      message.connector === connector &&
      (since === null || compareIds(message.id, since) > 0) &&
      (message.direction === 'in' || message.author.type === 'system'),
  );
}

/** No agent or bot has answered yet in the latest conversation. */
export function isUnanswered(messages: readonly Message[]): boolean {
  const current = messages.at(-1)?.conversation_id;
  return !messages.some(
    (message) =>
      message.conversation_id === current &&
      message.direction === 'out' &&
      message.type === 'message' &&
      message.author.type !== 'system',
  );
}
