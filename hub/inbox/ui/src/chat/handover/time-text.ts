// The text of a waiting time and of an expiry.

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** "4 minutes", "2 hours": rounded, because it is an estimate. Never less than a minute. */
export function waitText(seconds: number, locale = document.documentElement.lang): string {
  const isLong = seconds >= 1.5 * HOUR;
  const count = Math.max(1, Math.round(seconds / (isLong ? HOUR : MINUTE)));
  const unit = isLong ? 'hour' : 'minute';
  return new Intl.NumberFormat(locale || 'en', { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}

/** "14:05" of today, "Monday 14:05" of another day of this week, else with the date. */
export function untilText(at: string, now = Date.now(), locale = document.documentElement.lang): string {
  const date = new Date(at);
  const time = { hour: '2-digit', minute: '2-digit' } as const;
  const isToday = date.toDateString() === new Date(now).toDateString();
  const isSoon = date.getTime() - now < 6 * 24 * HOUR * 1000;
  const day = isSoon ? ({ weekday: 'long' } as const) : ({ day: 'numeric', month: 'long' } as const);
  return new Intl.DateTimeFormat(locale || 'en', isToday ? time : { ...day, ...time }).format(date);
}
