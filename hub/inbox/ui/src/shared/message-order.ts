// The order of messages. Pure.
import type { Message } from './types';

/** The order of a timeline: `created_at`, then id. */
export function compareMessages(a: Message, b: Message): number {
  const byTime = Date.parse(a.created_at) - Date.parse(b.created_at);
  return byTime || compareIds(a.id, b.id);
}

/** Ids are growing numbers written as text: the longer one is the larger one. */
export function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
