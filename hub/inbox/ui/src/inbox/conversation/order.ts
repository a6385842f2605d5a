import { compareIds } from '$shared/message-order';
import type { Conversation } from '$shared/types';

/** When something last happened in a conversation, in milliseconds. */
export function activityOf(conversation: Conversation): number {
  return Date.parse(conversation.last_message?.created_at ?? conversation.updated_at);
}

/** The order of the list: last activity first. */
export function byActivity(one: Conversation, other: Conversation): number {
  return activityOf(other) - activityOf(one) || compareIds(other.id, one.id);
}
