// Turns the messages of a contact into what the timeline shows. Pure: no clock, no state.
import { isSameDay } from '$shared/format';
import { canShareGroup } from '$shared/message-groups';
import type { Kind, Message } from '$shared/types';

export type Row =
  | { type: 'day'; key: string; at: string }
  | { type: 'conversation'; key: string; conversationId: string; at: string }
  | { type: 'channel'; key: string; kind: Kind; connector: string; address: string | null; first: boolean }
  | { type: 'unread'; key: string }
  | { type: 'event'; key: string; message: Message }
  | { type: 'routing'; key: string; messages: readonly Message[] }
  | { type: 'message'; key: string; message: Message; startsGroup: boolean; endsGroup: boolean; duplicates: Message[] };

const NONE: Message[] = [];

/** The events of the router: successive ones stand in one line. What a person did stands by itself. */
const ROUTING = new Set(['conversation.assigned', 'conversation.queued', 'conversation.unanswered', 'conversation.overflowed', 'conversation.agent_left', 'conversation.team']);

function isRouting(message: Message): boolean {
  return message.author.type === 'system' && ROUTING.has(message.event?.name ?? '');
}

/** The row of an event: together with the row before it when both are of the router. */
function addEvent(rows: Row[], key: string, message: Message): void {
  const last = rows.at(-1);
  if (isRouting(message) && last?.type === 'routing') {
    rows[rows.length - 1] = { ...last, messages: [...last.messages, message] };
  } else if (isRouting(message) && last?.type === 'event' && isRouting(last.message)) {
    rows[rows.length - 1] = { type: 'routing', key: `routing:${last.message.id}`, messages: [last.message, message] };
  } else {
    rows.push({ type: 'event', key, message });
  }
}

function isSpoken(message: Message): boolean {
  return message.type === 'message';
}

/** Two messages form a group when one author wrote both, on one channel, within minutes. */
function isSameGroup(first: Message | undefined, second: Message | undefined): boolean {
  if (!first || !second || first.type !== second.type || first.type === 'event') return false;
  return (
    first.author.id === second.author.id &&
    first.address === second.address &&
    first.conversation_id === second.conversation_id &&
    canShareGroup(first, second)
  );
}

/** The duplicates of each loaded message, by its id. */
function duplicatesById(messages: readonly Message[]): Map<string, Message[]> {
  const loaded = new Set(messages.map((message) => message.id));
  const duplicates = new Map<string, Message[]>();
  for (const message of messages) {
    const first = message.duplicate_of;
    if (first && loaded.has(first)) duplicates.set(first, [...(duplicates.get(first) ?? []), message]);
  }
  return duplicates;
}

/**
 * Rows for `messages`, which are in timeline order.
 *
 * A duplicate, the same text from another address, stands with the first message, in `duplicates`.
 *
 * `complete` says that nothing comes before the first one, so that its channel is the first first.
 * `firstUnreadId` gets a line above it. `survivingId` gives the conversation into which one was merged.
 */
export function timelineRows(all: readonly Message[], complete: boolean, firstUnreadId: string | null = null, survivingId: (conversationId: string) => string = (id) => id): Row[] {
  const duplicates = duplicatesById(all);
  const messages = all.filter((message) => !message.duplicate_of || !duplicates.has(message.duplicate_of));
  const rows: Row[] = [];
  let channel: string | null = null;
  let previous: Message | undefined;
  // After a merge several conversations may be open at once: each is announced where it begins.
  const begun = new Set<string>();
  messages.forEach((message, index) => {
    let isInterrupted = false;
    if (!previous || !isSameDay(previous.created_at, message.created_at)) {
      rows.push({ type: 'day', key: `day:${message.id}`, at: message.created_at });
      isInterrupted = true;
    }
    const conversation = survivingId(message.conversation_id);
    if (previous && !begun.has(conversation)) {
      rows.push({ type: 'conversation', key: `conversation:${message.id}`, conversationId: message.conversation_id, at: message.created_at });
      isInterrupted = true;
    }
    if (isSpoken(message) && message.kind && message.connector) {
      const current = `${message.connector} ${message.address ?? ''}`;
      if (current !== channel) {
        const first = channel === null;
        if (!first || complete) {
          rows.push({ type: 'channel', key: `channel:${message.id}`, kind: message.kind, connector: message.connector, address: message.address, first });
          isInterrupted = true;
        }
        channel = current;
      }
    }
    if (message.id === firstUnreadId) {
      rows.push({ type: 'unread', key: 'unread' });
      isInterrupted = true;
    }
    // The sender's own id stays the key when the stored message takes the optimistic one's place.
    const key = message.client_id ?? message.id;
    if (message.type === 'event') {
      addEvent(rows, key, message);
    } else {
      const startsGroup = isInterrupted || !isSameGroup(previous, message);
      const next = messages[index + 1];
      const endsGroup = !isSameGroup(message, next) || next?.id === firstUnreadId;
      rows.push({ type: 'message', key, message, startsGroup, endsGroup, duplicates: duplicates.get(message.id) ?? NONE });
    }
    begun.add(conversation);
    previous = message;
  });
  return rows;
}
