import { expect, test } from 'vitest';
import { message } from '../testing/samples';
import { messageFacts, quotedText } from './message-facts';

test('says what came beside the text, and nothing about what is for machines', () => {
  const facts = messageFacts(message({ extra: { media_group_id: '7', cc: 'kim@example.org', forwarded_from: 'Bob' } }));
  expect(facts).toEqual(['Forwarded from \u2068Bob\u2069', 'Copy to \u2068kim@example.org\u2069']);
});

test('names what could not be shown in words', () => {
  expect(messageFacts(message({ extra: { unsupported: 'paid_media' } }))).toEqual([
    'Came with something that cannot be shown here: paid media',
  ]);
});

test('an ordinary message has no facts and no quote', () => {
  expect(messageFacts(message())).toEqual([]);
  expect(quotedText(message())).toBe('');
});

test('keeps the words that were marked in the answered message', () => {
  expect(quotedText(message({ extra: { quote: 'size 39' } }))).toBe('size 39');
});
