import { expect, test } from 'vitest';
import { isOnlyEmoji, pieces } from './rich-text';

test('a link ends before the punctuation that follows it', () => {
  expect(pieces('See https://example.org/a, please.')).toEqual([
    { text: 'See ' },
    { text: 'https://example.org/a', href: 'https://example.org/a' },
    { text: ', please.' },
  ]);
});

test('a bracket inside a link stays in it', () => {
  expect(pieces('https://example.org/a_(b)')[0]?.href).toBe('https://example.org/a_(b)');
});

test('a mail address and a bare www address can be clicked', () => {
  expect(pieces('me@example.com')[0]?.href).toBe('mailto:me@example.com');
  expect(pieces('www.example.com')[0]?.href).toBe('https://www.example.com');
});

test('a link that opens a mail or a text message keeps what it fills in', () => {
  for (const link of ['mailto:me+x@example.com?subject=Hi', 'sms:+15005550006?body=AB12CD34']) {
    expect(pieces(`Go on: ${link}.`)[1]).toEqual({ text: link, href: link });
  }
  expect(pieces('sms: see below')).toEqual([{ text: 'sms: see below' }]);
});

test('a javascript address is only text', () => {
  expect(pieces('javascript:alert(1)')).toEqual([{ text: 'javascript:alert(1)' }]);
});

test('up to three emoji are shown large, words are not', () => {
  expect(isOnlyEmoji('👍🏽 ❤️')).toBe(true);
  expect(isOnlyEmoji('ok 👍')).toBe(false);
  expect(isOnlyEmoji('123')).toBe(false);
});
