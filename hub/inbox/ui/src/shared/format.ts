// Times, sizes and durations in the reader's language.
import { m } from '$messages';
import { formatLocale } from './i18n.svelte';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const formats = new Map<string, Intl.DateTimeFormat>();

function dateFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = formatLocale() + JSON.stringify(options);
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(formatLocale(), options);
    formats.set(key, format);
  }
  return format;
}

function dayNumber(date: Date): number {
  return Math.floor((date.getTime() - date.getTimezoneOffset() * MINUTE) / DAY);
}

export function isSameDay(first: string, second: string): boolean {
  return dayNumber(new Date(first)) === dayNumber(new Date(second));
}

export function clockTime(at: string): string {
  return dateFormat({ timeStyle: 'short' }).format(new Date(at));
}

export function fullTime(at: string): string {
  return dateFormat({ dateStyle: 'full', timeStyle: 'short' }).format(new Date(at));
}

/** "Today", "Yesterday", "Tomorrow", "Monday", "12 March", "12 March 2024". */
export function dayName(at: string, now = Date.now()): string {
  const date = new Date(at);
  const age = dayNumber(new Date(now)) - dayNumber(date);
  if (age === 0) return m.today();
  if (age === 1) return m.yesterday();
  if (age === -1) return m.tomorrow();
  if (Math.abs(age) < 7) return dateFormat({ weekday: 'long' }).format(date);
  const sameYear = date.getFullYear() === new Date(now).getFullYear();
  return dateFormat({ day: 'numeric', month: 'long', ...(sameYear ? {} : { year: 'numeric' }) }).format(date);
}

/** "tomorrow 09:00", "Monday 09:00": within a sentence, where a day is not written with a capital. */
export function dayAndTime(at: string, now = Date.now()): string {
  const days = dayNumber(new Date(at)) - dayNumber(new Date(now));
  const near = new Intl.RelativeTimeFormat(formatLocale(), { numeric: 'auto' });
  return `${Math.abs(days) < 2 ? near.format(days, 'day') : dayName(at, now)} ${clockTime(at)}`;
}

/** The shortest form that is still clear: "14:05", "Mon", "12 Mar", "03/2024". */
export function shortTime(at: string, now = Date.now()): string {
  const date = new Date(at);
  const age = dayNumber(new Date(now)) - dayNumber(date);
  if (age <= 0) return clockTime(at);
  if (age < 7) return dateFormat({ weekday: 'short' }).format(date);
  if (date.getFullYear() === new Date(now).getFullYear()) {
    return dateFormat({ day: 'numeric', month: 'short' }).format(date);
  }
  return dateFormat({ month: '2-digit', year: 'numeric' }).format(date);
}

function unit(value: number, name: string, display: 'narrow' | 'short' | 'long' = 'narrow'): string {
  return new Intl.NumberFormat(formatLocale(), { style: 'unit', unit: name, unitDisplay: display }).format(value);
}

/** "now", "4m", "2h", "3d". */
export function waitedFor(since: string, now = Date.now()): string {
  const passed = Math.max(0, now - new Date(since).getTime());
  if (passed < MINUTE) return m.just_now();
  if (passed < HOUR) return unit(Math.floor(passed / MINUTE), 'minute');
  if (passed < DAY) return unit(Math.floor(passed / HOUR), 'hour');
  return unit(Math.floor(passed / DAY), 'day');
}

/** "Waiting 4m", or another text within the first minute. */
export function waiting(since: string, now = Date.now()): string {
  return now - new Date(since).getTime() < MINUTE ? m.waiting_now() : m.waiting({ time: waitedFor(since, now) });
}

/** "5 h 12 min", "3 days": how long until `at`; empty when it has passed. */
export function timeUntil(at: string, now = Date.now()): string {
  const left = new Date(at).getTime() - now;
  if (left <= 0) return '';
  if (left >= 2 * DAY) return unit(Math.floor(left / DAY), 'day', 'long');
  const hours = Math.floor(left / HOUR);
  const minutes = Math.floor((left % HOUR) / MINUTE);
  if (hours === 0) return unit(Math.max(1, minutes), 'minute', 'short');
  return [unit(hours, 'hour', 'short'), minutes > 0 ? unit(minutes, 'minute', 'short') : ''].join(' ').trim();
}

/** "40s", "4m", "2h": a length of time in seconds, roughly. */
export function duration(seconds: number): string {
  if (seconds < 60) return unit(Math.max(1, Math.round(seconds)), 'second');
  if (seconds < 3600) return unit(Math.round(seconds / 60), 'minute');
  return unit(Math.round(seconds / 3600), 'hour');
}

export function byteSize(bytes: number | null): string {
  if (bytes === null) return '';
  if (bytes < 1000) return unit(Math.ceil(bytes / 100) / 10, 'kilobyte', 'short');
  if (bytes < 1_000_000) return unit(Math.round(bytes / 1000), 'kilobyte', 'short');
  return unit(Math.round(bytes / 100_000) / 10, 'megabyte', 'short');
}

/** "0:07", "12:30" of a playing time in seconds. */
export function playTime(seconds: number): string {
  if (!Number.isFinite(seconds)) return '0:00';
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

export function initials(name: string): string {
  // In a joined-up script two initials would read as a word, so there is one.
  const isCursive = /^[\p{Script=Arabic}\p{Script=Syriac}]/u.test(name.trim());
  const words = name.trim().split(/\s+/u).filter((w) => /^\p{L}/u.test(w));
  const letters = [words[0], words.length > 1 && !isCursive ? words.at(-1) : undefined].map((w) => [...(w ?? '')][0] ?? '');
  return letters.join('').toLocaleUpperCase(formatLocale());
}

/** An address without its scheme. */
export function readableAddress(address: string): string {
  return address.replace(/^[a-z]+:/u, '');
}
