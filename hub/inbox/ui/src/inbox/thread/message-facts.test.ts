import { expect, test } from 'vitest';
import { message } from '../testing/samples';
import { isUnreadable, messageFacts, quotedText } from './message-facts';

test('says what came beside the text, and nothing about what is for machines', () => {
  const facts = messageFacts(message({ cc: ['mailto:kim@example.org'], extra: { media_group_id: '7', forwarded_from: 'Bob' } }));
  expect(facts).toEqual(['Copy to \u2068kim@example.org\u2069', 'Forwarded from \u2068Bob\u2069']);
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

test('names the recipients of a mail that went to several', () => {
  const to = ['mailto:support@shop.example', 'mailto:ali@example.org'];
  expect(messageFacts(message({ to }))).toEqual(['To \u2068support@shop.example\u2069, \u2068ali@example.org\u2069']);
  expect(messageFacts(message({ to: to.slice(0, 1) }))).toEqual([]);
});

test('says where the customer came from', () => {
  const origin = { kind: 'ad' as const, title: 'Autumn boots', ref: 'a7', url: '' };
  expect(messageFacts(message({ origin }))).toEqual(['Came by the ad \u2068Autumn boots\u2069']);
  expect(messageFacts(message({ origin: { ...origin, kind: 'start', title: '' } }))).toEqual(['Started with \u2068a7\u2069']);
});

test('says that a message was taken back, came while another app had the conversation, or was written by a form', () => {
  expect(messageFacts(message({ extra: { standby: 'yes', unsent: 'yes', written_from: 'form@shop.example' } }))).toEqual([
    'Came while another app had the conversation',
    'Taken back by the customer',
    'Sent by \u2068form@shop.example\u2069 for this person',
  ]);
});
