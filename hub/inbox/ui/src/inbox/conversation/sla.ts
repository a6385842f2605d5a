import type { Conversation } from '$shared/types';
import type { SlaClock } from '../thread/event-text';

export interface Due {
  clock: SlaClock;
  at: string;
  state: 'calm' | 'soon' | 'late';
}

const MINUTE = 60_000;
// As the server's own warning: with a fifth of the time left.
const SOON_SHARE = 0.2;
// The end of the whole is days away mostly: it counts down only when it is near.
const RESOLVE_SHOWN = 120 * MINUTE;

function stateOf(at: string, since: string | null, now: number): Due['state'] {
  const left = Date.parse(at) - now;
  if (left <= 0) return 'late';
  const whole = since ? Date.parse(at) - Date.parse(since) : 0;
  return left <= Math.max(MINUTE, whole * SOON_SHARE) ? 'soon' : 'calm';
}

/** The clock that an agent must look at now: the answer first, the end of it all when it is near. */
export function nextDue({ sla, waiting_since: since }: Pick<Conversation, 'sla' | 'waiting_since'>, now: number): Due | null {
  if (!sla) return null;
  const reply: [SlaClock, string | null] = sla.first_reply_due ? ['first_reply', sla.first_reply_due] : ['next_reply', sla.next_reply_due];
  const resolve: [SlaClock, string | null] = ['resolve', sla.resolve_due];
  const isResolveNear = sla.resolve_due !== null && Date.parse(sla.resolve_due) - now < RESOLVE_SHOWN;
  const found = [reply, ...(isResolveNear ? [resolve] : [])]
    .filter((each): each is [SlaClock, string] => each[1] !== null)
    .sort(([, one], [, other]) => Date.parse(one) - Date.parse(other))[0];
  return found ? { clock: found[0], at: found[1], state: stateOf(found[1], since, now) } : null;
}
