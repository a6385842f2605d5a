// The messages that a customer sees, and their layout. Pure.
import { isSameDay } from '$shared/format';
import { canShareGroup } from '$shared/message-groups';
import { compareIds, compareMessages } from '$shared/message-order';
import type { Message } from '$shared/types';

/** The list with these messages in it, each once, the newer version of each, in order. */
export function merged(list: readonly Message[], more: readonly Message[]): Message[] {
  const byId = new Map(list.map((message) => [message.id, message]));
  for (const message of more) byId.set(message.id, message);
  return [...byId.values()].sort(compareMessages);
}

/** The server counts messages by id, whatever their times say. */
export function newest(messages: readonly Message[]): string | null {
  const ids = messages.map((message) => message.id);
  return ids.reduce<string | null>((last, id) => (last !== null && compareIds(last, id) > 0 ? last : id), null);
}

/** Whether a customer may see a message: never a note or an event. */
export function isShown(message: Message): boolean {
  return message.type === 'message';
}

export interface Row {
  message: Message;
  /** First of its calendar day: a divider stands above it. */
  startsDay: boolean;
  /** First and last of a run by one author within a few minutes. */
  startsRun: boolean;
  endsRun: boolean;
}

export function rows(messages: readonly Message[]): Row[] {
  const shown = messages.filter(isShown);
  return shown.map((message, at) => {
    const before = shown[at - 1];
    const after = shown[at + 1];
    return {
      message,
      startsDay: !before || !isSameDay(before.created_at, message.created_at),
      startsRun: !before || !isSameRun(before, message),
      endsRun: !after || !isSameRun(message, after),
    };
  });
}

function isSameRun(first: Message, second: Message): boolean {
  return (
    first.author.name === second.author.name &&
    canShareGroup(first, second)
  );
}
