import { expect, onTestFinished, test, vi } from 'vitest';
import { language } from './i18n.svelte';
import { byteSize, clockTime, dayAndTime, dayName, initials, playTime, readableAddress, timeUntil, waitedFor } from './format';

const now = new Date(2025, 5, 4, 12, 0).getTime();
const hours = (count: number) => new Date(now + count * 3_600_000).toISOString();

test('days near by have names, others a date', () => {
  expect(dayName(hours(-1), now)).toBe('Today');
  expect(dayName(hours(-24), now)).toBe('Yesterday');
  expect(dayName(hours(24), now)).toBe('Tomorrow');
  expect(dayName(hours(-72), now)).toBe('Sunday');
  expect(dayName(hours(-24 * 400), now)).toContain('2024');
});

test('within a sentence a day near by is not written with a capital', () => {
  expect(dayAndTime(hours(24), now)).toMatch(/^tomorrow 12:00/u);
  expect(dayAndTime(hours(1), now)).toMatch(/^today (13|1):00/u);
  expect(dayAndTime(hours(72), now)).toMatch(/^Saturday 12:00/u);
});

test('waiting is told in the largest whole unit', () => {
  expect(waitedFor(hours(-0.01), now)).toBe('now');
  expect(waitedFor(hours(-0.5), now)).toBe('30m');
  expect(waitedFor(hours(-5), now)).toBe('5h');
  expect(waitedFor(hours(-50), now)).toBe('2d');
});

test('the time left in a reply window ends empty', () => {
  expect(timeUntil(hours(5.2), now)).toBe('5 hr 12 min');
  expect(timeUntil(hours(24), now)).toBe('24 hr');
  expect(timeUntil(hours(-1), now)).toBe('');
});

test('initials come from the first and the last name, one letter in a joined-up script', () => {
  expect(initials('Sofia Maria Lindqvist')).toBe('SL');
  expect(initials('Łukasz')).toBe('Ł');
  expect(initials('أمل الخطيب')).toBe('أ');
  expect(initials('+372 5550 0199')).toBe('');
});

test('sizes and playing times are short', () => {
  expect(byteSize(null)).toBe('');
  expect(byteSize(586)).toBe('0.6 kB');
  expect(byteSize(182_400)).toBe('182 kB');
  expect(byteSize(61_000_000)).toBe('61 MB');
  expect(playTime(67)).toBe('1:07');
  expect(playTime(Number.NaN)).toBe('0:00');
});

test('an address is shown without its scheme', () => {
  expect(readableAddress('tel:+37255512345')).toBe('+37255512345');
});

test('a clock has the digits of the language, as counts have, whatever the region writes', () => {
  vi.spyOn(navigator, 'languages', 'get').mockReturnValue(['ar-EG']);
  const before = language.locale;
  onTestFinished(() => (vi.restoreAllMocks(), language.choose(before)));
  language.choose('ar');
  for (const text of [clockTime(hours(0)), dayName(hours(-24 * 400), now), byteSize(20_000_000)]) {
    expect(text).toMatch(/[0-9]/u);
    expect(text).not.toMatch(/[\u0660-\u0669]/u);
  }
});

test('a morning hour in American English has no zero before it', () => {
  vi.spyOn(navigator, 'languages', 'get').mockReturnValue(['en-US']);
  onTestFinished(() => void vi.restoreAllMocks());
  expect(clockTime(new Date(2026, 10, 29, 9, 5).toISOString())).toMatch(/^9:05\sAM$/u);
});
