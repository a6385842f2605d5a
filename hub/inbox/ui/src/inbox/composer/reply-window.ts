import type { ContactAddress } from '$shared/types';

/** Some channels take a reply only for a time after the customer's last message; `human` from a person alone. */
export type ReplyWindow =
  | { state: 'none' }
  | { state: 'open'; until: string }
  | { state: 'human'; until: string }
  | { state: 'closed' };

export function replyWindow(address: ContactAddress, now: number): ReplyWindow {
  const { window_closes_at: standard, human_window_closes_at: human } = address;
  if (standard === null && human === null) return { state: 'none' };
  if (standard !== null && Date.parse(standard) > now) return { state: 'open', until: standard };
  if (human !== null && Date.parse(human) > now) return { state: 'human', until: human };
  return { state: 'closed' };
}
