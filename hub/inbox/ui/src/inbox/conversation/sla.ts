import type { Conversation } from '$shared/types';
import type { SlaClock } from '../thread/event-text';

export interface Due {
  clock: SlaClock;
  at: string;
  state: 'calm' | 'soon' | 'late';
}

const MINUTE = 60_000;
// The server warns at the same share: a fifth of the time is left.
const SOON_SHARE = 0.2;
// A resolution is mostly days away: its clock shows only when it is near.
const RESOLVE_SHOWN = 120 * MINUTE;

function stateOf(at: string, since: string | null, now: number): Due['state'] {
  const left = Date.parse(at) - now;
  if (left <= 0) return 'late';
  const total = since ? Date.parse(at) - Date.parse(since) : 0;
  return left <= Math.max(MINUTE, total * SOON_SHARE) ? 'soon' : 'calm';
}

/** The clock that an agent must watch now: the reply first, the resolution when it is near. */
export function nextDue({ sla, waiting_since: since }: Pick<Conversation, 'sla' | 'waiting_since'>, now: number): Due | null {
  if (!sla) return null;
  const reply: [SlaClock, string | null] = sla.first_reply_due ? ['first_reply', sla.first_reply_due] : ['next_reply', sla.next_reply_due];
  const resolve: [SlaClock, string | null] = ['resolve', sla.resolve_due];
  const isResolveNear = sla.resolve_due !== null && Date.parse(sla.resolve_due) - now < RESOLVE_SHOWN;
  const first = [reply, ...(isResolveNear ? [resolve] : [])]
    .filter((entry): entry is [SlaClock, string] => entry[1] !== null)
    .sort(([, a], [, b]) => Date.parse(a) - Date.parse(b))[0];
  return first ? { clock: first[0], at: first[1], state: stateOf(first[1], since, now) } : null;
}
