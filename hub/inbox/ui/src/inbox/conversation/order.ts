import type { Conversation, Message } from '$shared/types';

/** The order of a timeline: `created_at`, then id. */
export function byThreadOrder(one: Message, other: Message): number {
  const byTime = Date.parse(one.created_at) - Date.parse(other.created_at);
  if (byTime !== 0) return byTime;
  return byId(one.id, other.id);
}

// Ids are numbers written as text: the longer one is the larger one.
function byId(one: string, other: string): number {
  if (one.length !== other.length) return one.length - other.length;
  return one < other ? -1 : one > other ? 1 : 0;
}

/** When something last happened in a conversation, in milliseconds. */
export function activityOf(conversation: Conversation): number {
  return Date.parse(conversation.last_message?.created_at ?? conversation.updated_at);
}

/** The order of the list: last activity first. */
export function byActivity(one: Conversation, other: Conversation): number {
  return activityOf(other) - activityOf(one) || byId(other.id, one.id);
}
