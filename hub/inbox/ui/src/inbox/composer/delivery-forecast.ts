import { m } from '$messages';
import { dayAndTime, timeUntil } from '$shared/format';
import type { ContactAddress } from '$shared/types';
import type { ChannelName } from '../thread/event-text';
import { isolated } from '../names/isolated';
import { maskedAddress } from './masked-address';
import { replyWindow } from './reply-window';

/** What will happen to a reply, shown before it is written. Empty where it simply arrives. */
export interface DeliveryForecast {
  text: string;
  tone: 'plain' | 'warn';
}

const NO_FORECAST: DeliveryForecast = { text: '', tone: 'plain' };

/** Whether a reply goes to the fallback address, because the channel's reply window has closed. */
export function usesFallback(address: ContactAddress, now: number): boolean {
  return Boolean(address.fallback) && address.reachable && replyWindow(address, now).state === 'closed';
}

export function deliveryForecast(address: ContactAddress, channelName: ChannelName, now: number): DeliveryForecast {
  if (!address.reachable) return NO_FORECAST;
  const channel = channelName(address.connector, address.kind);
  const { fallback } = address;
  const next = fallback && { other: channelName(fallback.connector, fallback.kind), address: isolated(maskedAddress(fallback)) };
  const window = replyWindow(address, now);
  if (window.state === 'closed') return next ? { text: m.goes_instead({ channel, ...next }), tone: 'warn' } : NO_FORECAST;
  if (window.state === 'human') {
    return { text: m.window_human({ channel, time: dayAndTime(window.until, now) }), tone: 'warn' };
  }
  if (window.state === 'open') return { text: m.window_left({ channel, time: timeUntil(window.until, now) }), tone: 'plain' };
  if (address.present === false) return { text: next ? m.visitor_away_follows(next) : m.visitor_away(), tone: 'warn' };
  return address.present ? { text: m.visitor_here(), tone: 'plain' } : NO_FORECAST;
}
