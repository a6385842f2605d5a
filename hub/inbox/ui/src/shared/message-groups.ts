// The groups of messages in a timeline: name and time are shown once for a group. Pure.
import { isSameDay } from './format';
import type { Message } from './types';

const GROUP_MILLISECONDS = 5 * 60_000;

/**
 * Whether two messages, `second` after `first`, can stand in one group: one direction, one type of author
 * and one connector, on the same day and within five minutes. Each page adds how it tells authors apart.
 */
export function canShareGroup(first: Message, second: Message): boolean {
  return (
    first.direction === second.direction &&
    first.connector === second.connector &&
    first.author.type === second.author.type &&
    isSameDay(first.created_at, second.created_at) &&
    Date.parse(second.created_at) - Date.parse(first.created_at) < GROUP_MILLISECONDS
  );
}
