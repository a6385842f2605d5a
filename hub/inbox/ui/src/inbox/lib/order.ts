import type { Conversation, Message } from '$shared/types';

/** The order of a thread: `created_at`, then id. */
export function inThreadOrder(one: Message, other: Message): number {
  const byTime = Date.parse(one.created_at) - Date.parse(other.created_at);
  if (byTime !== 0) return byTime;
  return one.id < other.id ? -1 : one.id > other.id ? 1 : 0;
}

/** When something last happened in a conversation, in milliseconds. */
export function activityOf(conversation: Conversation): number {
  return Date.parse(conversation.last_message?.created_at ?? conversation.updated_at);
}

/** The order of the list: last activity first. */
export function byActivity(one: Conversation, other: Conversation): number {
  return activityOf(other) - activityOf(one) || (one.id < other.id ? 1 : -1);
}
