import { expect, test } from 'vitest';
import { plannedTime, sendTimeChoices, zoneOf } from './send-times';

test.each(['2026-11-30T08:00', '2026-11-30T18:30', '2026-12-05T23:59', '2026-12-06T10:00', '2026-12-07T09:00'])('every choice at %s is in the future, and none twice', (now) => {
  const moment = new Date(now);
  const choices = sendTimeChoices(moment);
  expect(choices.every(({ at }) => at > moment)).toBe(true);
  expect(new Set(choices.map(({ name }) => name)).size).toBe(choices.length);
});

test('next Monday is a Monday', () => {
  for (let day = 1; day <= 14; day += 1) {
    const monday = sendTimeChoices(new Date(2026, 10, day, 12)).at(-1);
    expect(monday?.at.getDay()).toBe(1);
  }
});

test('a planned time is the moment, with the wall clock of the device', () => {
  const date = new Date(2027, 2, 29, 9, 0, 0);
  const planned = plannedTime(date, 'Europe/Tallinn');
  expect(new Date(planned.send_at).getTime()).toBe(date.getTime());
  expect(planned.send_at).toMatch(/^2027-03-29T09:00:00[+-]\d\d:\d\d$/u);
  expect(planned.zone).toBe('Europe/Tallinn');
});

test('a zone is known only where an attribute names one', () => {
  expect(zoneOf({ timezone: 'Asia/Tokyo' })).toBe('Asia/Tokyo');
  expect(zoneOf({ time_zone: 'Europe/Warsaw' })).toBe('Europe/Warsaw');
  expect([zoneOf({}), zoneOf({ timezone: 'soon' }), zoneOf({ timezone: 3 })]).toEqual([null, null, null]);
});
