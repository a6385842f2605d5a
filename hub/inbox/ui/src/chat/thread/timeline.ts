// The order of the messages, and their layout. Pure.
import { isSameDay } from '$shared/format';
import type { Message } from '$shared/types';

export function inOrder(a: Message, b: Message): number {
  const byTime = Date.parse(a.created_at) - Date.parse(b.created_at);
  return byTime || byId(a.id, b.id);
}

/** Ids are growing numbers written as text. */
export function byId(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** The list with these messages in it, each once, the newer version of each, in order. */
export function merged(list: readonly Message[], more: readonly Message[]): Message[] {
  const byId = new Map(list.map((message) => [message.id, message]));
  for (const message of more) byId.set(message.id, message);
  return [...byId.values()].sort(inOrder);
}

/** The server counts messages by id, whatever their times say. */
export function newest(messages: readonly Message[]): string | null {
  const ids = messages.map((message) => message.id);
  return ids.reduce<string | null>((last, id) => (last !== null && byId(last, id) > 0 ? last : id), null);
}

/** Whether a customer may see a message: never a note, and only events that have a text for customers. */
export function isShown(message: Message): boolean {
  if (message.type === 'message') return true;
  return message.type === 'event' && eventKind(message) !== null;
}

export type EventKind = 'resolved' | 'reopened' | 'assigned';

const EVENT_KINDS: Record<string, EventKind> = {
  'conversation.resolved': 'resolved',
  'conversation.reopened': 'reopened',
  'conversation.assigned': 'assigned',
};

export function eventKind(message: Message): EventKind | null {
  return EVENT_KINDS[message.event?.name ?? ''] ?? null;
}

export interface Row {
  message: Message;
  /** First of its calendar day: a divider stands above it. */
  startsDay: boolean;
  /** First and last of a run by one author within a few minutes. */
  startsRun: boolean;
  endsRun: boolean;
}

const RUN_MINUTES = 5;

export function rows(messages: readonly Message[]): Row[] {
  const shown = messages.filter(isShown);
  return shown.map((message, at) => {
    const before = shown[at - 1];
    const after = shown[at + 1];
    return {
      message,
      startsDay: !before || !isSameDay(before.created_at, message.created_at),
      startsRun: !before || !sameRun(before, message),
      endsRun: !after || !sameRun(message, after),
    };
  });
}

function sameRun(a: Message, b: Message): boolean {
  return (
    a.type === 'message' &&
    b.type === 'message' &&
    a.direction === b.direction &&
    a.connector === b.connector &&
    a.author.type === b.author.type &&
    a.author.name === b.author.name &&
    isSameDay(a.created_at, b.created_at) &&
    Date.parse(b.created_at) - Date.parse(a.created_at) < RUN_MINUTES * 60_000
  );
}
