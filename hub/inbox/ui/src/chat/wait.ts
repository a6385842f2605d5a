// An expected wait as people say it.

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** "4 minutes", "2 hours": rounded, since nobody knows it to the second. Never less than a minute. */
export function waitText(seconds: number, locale = document.documentElement.lang): string {
  const isLong = seconds >= 1.5 * HOUR;
  const count = Math.max(1, Math.round(seconds / (isLong ? HOUR : MINUTE)));
  const unit = isLong ? 'hour' : 'minute';
  return new Intl.NumberFormat(locale || 'en', { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}
