// On which channel a customer is, read from what was said. Pure.
import type { Kind, Message } from '$shared/types';
import { byId } from '../thread/timeline';

/** A channel on which the customer is heard. */
export interface Stage {
  connector: string;
  kind: Kind;
}

/** Where the customer wrote last; null before they wrote anything. */
export function lastStage(messages: readonly Message[]): Stage | null {
  const last = messages.findLast(({ type, direction }) => type === 'message' && direction === 'in');
  return last?.connector ? { connector: last.connector, kind: last.kind ?? '' } : null;
}

/** Whether the customer went on at `connector` after the message `since`: wrote there, or was welcomed. */
export function wentOnTo(messages: readonly Message[], connector: string, since: string | null): boolean {
  return messages.some(
    (message) =>
      message.connector === connector &&
      (since === null || byId(message.id, since) > 0) &&
      (message.direction === 'in' || message.author.type === 'system'),
  );
}

/** Nobody of the company has said anything yet in the conversation that is going on. */
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
