import { expect, test } from 'vitest';
import { snoozeChoices } from './snooze-times';

// 29 November 2026 is a Sunday.
const DAYS = [29, 30, 31, 32, 33, 34, 35].map((day) => new Date(2026, 10, day, 14, 0));

test.each(DAYS)('next week from %s is a Monday morning, later than tomorrow', (now) => {
  const [tomorrow, week] = snoozeChoices(now).slice(-2).map((choice) => choice.until);
  expect([week!.getDay(), week!.getHours()]).toEqual([1, 9]);
  expect(week!.getTime()).toBeGreaterThan(tomorrow!.getTime());
  expect(week!.getTime() - now.getTime()).toBeLessThan(8 * 24 * 3_600_000);
});
