import { expect, test } from 'vitest';
import { message } from '../testing/samples';
import { isUnreadable, messageFacts, quotedText } from './message-facts';

test('says what came beside the text, and nothing about what is for machines', () => {
  const facts = messageFacts(message({ extra: { media_group_id: '7', cc: 'kim@example.org', forwarded_from: 'Bob' } }));
  expect(facts).toEqual(['Forwarded from \u2068Bob\u2069', 'Copy to \u2068kim@example.org\u2069']);
});

test('names what could not be shown in words', () => {
  expect(messageFacts(message({ extra: { unsupported: 'paid_media' } }))).toEqual([
    'Came with something that cannot be shown here: paid media',
  ]);
});

test('says that a mail could not be read, in place of its text', () => {
  const mail = message({ extra: { unreadable: 'it took more than 30 s' } });
  expect(isUnreadable(mail)).toBe(true);
  expect(isUnreadable(message())).toBe(false);
  expect(messageFacts(mail)).toEqual(['This mail could not be read. Open the original.']);
});

test('says that a mail is longer than what is shown', () => {
  expect(messageFacts(message({ extra: { cut: 'yes' } }))).toHaveLength(1);
});

test('an ordinary message has no facts and no quote', () => {
  expect(messageFacts(message())).toEqual([]);
  expect(quotedText(message())).toBe('');
});

test('keeps the words that were marked in the answered message', () => {
  expect(quotedText(message({ extra: { quote: 'size 39' } }))).toBe('size 39');
});
