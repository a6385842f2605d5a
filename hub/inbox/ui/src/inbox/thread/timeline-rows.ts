// Turns the messages of a contact into what the timeline shows. Pure: no clock, no state.
import { isSameDay } from '$shared/format';
import type { Kind, Message } from '$shared/types';

export type Row =
  | { type: 'day'; key: string; at: string }
  | { type: 'conversation'; key: string; conversationId: string; at: string }
  | { type: 'channel'; key: string; kind: Kind; connector: string; address: string | null; first: boolean }
  | { type: 'unread'; key: string }
  | { type: 'event'; key: string; message: Message }
  | { type: 'message'; key: string; message: Message; starts: boolean; ends: boolean; also: Message[] };

const NONE: Message[] = [];
const GROUP_MILLISECONDS = 5 * 60_000;

function isSpoken(message: Message): boolean {
  return message.type === 'message';
}

/** Two messages stand close together when one author said both, on one channel, within minutes. */
function belongTogether(one: Message | undefined, other: Message | undefined): boolean {
  if (!one || !other || one.type !== other.type || one.type === 'event') return false;
  return (
    one.direction === other.direction &&
    one.author.type === other.author.type &&
    one.author.id === other.author.id &&
    one.connector === other.connector &&
    one.address === other.address &&
    one.conversation_id === other.conversation_id &&
    isSameDay(one.created_at, other.created_at) &&
    Date.parse(other.created_at) - Date.parse(one.created_at) < GROUP_MILLISECONDS
  );
}

/** The repetitions of each message that is here. */
function repeated(messages: readonly Message[]): Map<string, Message[]> {
  const here = new Set(messages.map((message) => message.id));
  const found = new Map<string, Message[]>();
  for (const message of messages) {
    const first = message.duplicate_of;
    if (first && here.has(first)) found.set(first, [...(found.get(first) ?? []), message]);
  }
  return found;
}

/**
 * Rows for `messages`, which are in thread order.
 *
 * What was said again from another address stands with the first of its kind, in `also`.
 *
 * `complete` says that nothing comes before the first one, so that its channel is the first one.
 * `firstUnreadId` gets a line above it. `standing` gives the conversation that one is part of by now.
 */
export function timelineRows(all: readonly Message[], complete: boolean, firstUnreadId: string | null = null, standing: (conversationId: string) => string = (id) => id): Row[] {
  const said = repeated(all);
  const messages = all.filter((message) => !message.duplicate_of || !said.has(message.duplicate_of));
  const rows: Row[] = [];
  let channel: string | null = null;
  let previous: Message | undefined;
  // Several may be open at once, after a merge: each is announced where it begins.
  const begun = new Set<string>();
  messages.forEach((message, index) => {
    let broken = false;
    if (!previous || !isSameDay(previous.created_at, message.created_at)) {
      rows.push({ type: 'day', key: `day:${message.id}`, at: message.created_at });
      broken = true;
    }
    const conversation = standing(message.conversation_id);
    if (previous && !begun.has(conversation)) {
      rows.push({ type: 'conversation', key: `conversation:${message.id}`, conversationId: message.conversation_id, at: message.created_at });
      broken = true;
    }
    if (isSpoken(message) && message.kind && message.connector) {
      const here = `${message.connector} ${message.address ?? ''}`;
      if (here !== channel) {
        const first = channel === null;
        if (!first || complete) {
          rows.push({ type: 'channel', key: `channel:${message.id}`, kind: message.kind, connector: message.connector, address: message.address, first });
          broken = true;
        }
        channel = here;
      }
    }
    if (message.id === firstUnreadId) {
      rows.push({ type: 'unread', key: 'unread' });
      broken = true;
    }
    // The sender's own id stays the key when the stored message takes the optimistic one's place.
    const key = message.client_id ?? message.id;
    if (message.type === 'event') {
      rows.push({ type: 'event', key, message });
    } else {
      const starts = broken || !belongTogether(previous, message);
      const next = messages[index + 1];
      const ends = !belongTogether(message, next) || next?.id === firstUnreadId;
      rows.push({ type: 'message', key, message, starts, ends, also: said.get(message.id) ?? NONE });
    }
    begun.add(conversation);
    previous = message;
  });
  return rows;
}
