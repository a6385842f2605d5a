// The words of notifications, the same in the list, in the browser's and, by the service worker, in pushed ones.
import { m } from '$messages';
import type { Notification as Notice } from '$shared/types';

const CLOCKS: Record<string, () => string> = {
  first_reply: m.told_first_reply,
  next_reply: m.told_next_reply,
  resolve: m.told_resolve,
};

export function titleOf(notice: Notice): string {
  const name = notice.contact_name;
  if (notice.kind === 'assigned') return m.told_assigned({ name });
  if (notice.kind === 'mention') return m.told_mention({ author: notice.author, name });
  if (notice.kind === 'sla') return m.told_sla({ name });
  return name;
}

export function bodyOf(notice: Notice, hideText: boolean): string {
  if (notice.kind === 'sla') return CLOCKS[notice.clock]?.() ?? '';
  if (hideText) return m.told_hidden();
  return notice.text;
}

/** The address of the message, or of the conversation, that a notification is about. */
export function addressOf(notice: Pick<Notice, 'conversation_id' | 'message_id'>): string {
  const address = `#/conversations/${notice.conversation_id}`;
  return notice.message_id ? `${address}?message=${notice.message_id}` : address;
}
