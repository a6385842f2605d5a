import { m } from '$messages';
import { dayAndTime, timeUntil } from '$shared/format';
import type { ContactAddress } from '$shared/types';
import type { ChannelName } from '../thread/event-text';
import { isolated } from '../names/isolated';
import { maskedAddress } from './masked-address';
import { replyWindow } from './reply-window';

/** What will happen to an answer, told before it is written. Empty where it simply arrives. */
export interface Foresight {
  text: string;
  tone: 'plain' | 'warn';
}

const NOTHING: Foresight = { text: '', tone: 'plain' };

/** Whether an answer goes elsewhere on its own, because the channel's window has closed. */
export function goesElsewhere(address: ContactAddress, now: number): boolean {
  return Boolean(address.fallback) && address.reachable && replyWindow(address, now).state === 'closed';
}

export function foresight(address: ContactAddress, channelName: ChannelName, now: number): Foresight {
  if (!address.reachable) return NOTHING;
  const channel = channelName(address.connector, address.kind);
  const { fallback } = address;
  const next = fallback && { other: channelName(fallback.connector, fallback.kind), address: isolated(maskedAddress(fallback)) };
  const window = replyWindow(address, now);
  if (window.state === 'closed') return next ? { text: m.goes_instead({ channel, ...next }), tone: 'warn' } : NOTHING;
  if (window.state === 'human') {
    return { text: m.window_human({ channel, time: dayAndTime(window.until, now) }), tone: 'warn' };
  }
  if (window.state === 'open') return { text: m.window_left({ channel, time: timeUntil(window.until, now) }), tone: 'plain' };
  if (address.present === false) return { text: next ? m.visitor_away_follows(next) : m.visitor_away(), tone: 'warn' };
  return address.present ? { text: m.visitor_here(), tone: 'plain' } : NOTHING;
}
