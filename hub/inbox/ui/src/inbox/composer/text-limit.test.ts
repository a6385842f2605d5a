import { expect, test } from 'vitest';
import { textUse } from './text-limit';

test('telegram counts in UTF-16 units, so an emoji takes two', () => {
  const use = textUse('👍👍', { text_limit: 4096, text_unit: 'utf16', max_text: null });
  expect(use.used).toBe(4);
  expect(use.left).toBe(4092);
});

test('a text over the limit becomes two messages', () => {
  const use = textUse('a'.repeat(2001), { text_limit: 2000, text_unit: 'characters', max_text: null });
  expect(use.parts).toBe(2);
  expect(use.tooLong).toBe(false);
});

test('a text over the channel’s maximum is too long', () => {
  const use = textUse('a'.repeat(1601), { text_limit: 160, text_unit: 'sms_segments', max_text: 1600 });
  expect(use.tooLong).toBe(true);
});

test('bytes are those of UTF-8', () => {
  expect(textUse('é', { text_limit: 10, text_unit: 'bytes', max_text: null }).used).toBe(2);
});

test('SMS is counted in segments', () => {
  const use = textUse('я'.repeat(71), { text_limit: 160, text_unit: 'sms_segments', max_text: 1600 });
  expect(use.parts).toBe(2);
  expect(use.left).toBe(2 * 67 - 71);
});
