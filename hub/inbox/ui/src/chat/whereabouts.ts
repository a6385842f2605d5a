// On which channel a customer is, read from what was said and what happened. Pure.
import type { Kind, Message } from '$shared/types';
import { byId, eventKind } from './timeline';

/** A channel on which the customer is heard. */
export interface Stage {
  connector: string;
  kind: Kind;
}

/** Where the customer was when this came; null for what does not tell. */
export function stage(message: Message): Stage | null {
  if (message.type === 'event') return eventKind(message) === 'switched' ? switchedTo(message) : null;
  if (message.direction !== 'in' || message.type !== 'message') return null;
  return message.connector === null ? null : { connector: message.connector, kind: message.kind ?? '' };
}

/** Where the customer went on last. */
export function lastStage(messages: readonly Message[]): Stage | null {
  const last = messages.findLast((message) => stage(message) !== null);
  return last ? stage(last) : null;
}

/** Whether the customer went on at `connector` after the message `since`. `own` is this chat's. */
export function wentOnTo(
  messages: readonly Message[],
  connector: string,
  since: string | null,
  own: string,
): boolean {
  return messages.some((message) => {
    const isNewer = since === null || byId(message.id, since) > 0;
    // A word said right here is no sign that another device was taken up.
    const tells = message.type === 'event' || message.connector !== own;
    return isNewer && tells && stage(message)?.connector === connector;
  });
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

function switchedTo(message: Message): Stage | null {
  const to: unknown = message.event?.['to'];
  const said = typeof to === 'object' && to !== null ? (to as Partial<Stage>) : message;
  return typeof said.connector === 'string' ? { connector: said.connector, kind: said.kind ?? '' } : null;
}
