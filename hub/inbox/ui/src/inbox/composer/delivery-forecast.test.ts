import { expect, test } from 'vitest';
import type { ContactAddress } from '$shared/types';
import { address } from '../testing/samples';
import { foresight, goesElsewhere } from './delivery-forecast';

const NOW = Date.parse('2025-06-02T09:00:00Z');
const NAMES: Record<string, string> = { messenger: 'Messenger', sms: 'SMS', mail: 'Email', website: 'Web chat' };
const sms = { connector: 'sms', kind: 'sms', address: 'tel:+37255512345' };
const mail = { connector: 'mail', kind: 'email', address: 'mailto:nora@example.org' };
const messenger = (more: Partial<ContactAddress>) => address({ address: 'messenger:1', connector: 'messenger', kind: 'messenger', ...more });
const page = (more: Partial<ContactAddress>) => address({ address: 'webchat:1', connector: 'website', kind: 'webchat', ...more });
const told = (each: ContactAddress) => foresight(each, (connector) => NAMES[connector ?? ''] ?? '', NOW).text.replaceAll(/[\u2068\u2069]/gu, '');

test('an open window says how long it stays open', () => {
  expect(told(messenger({ window_closes_at: '2025-06-02T12:00:00Z' }))).toMatch(/^Messenger: 3 h.* left to reply$/u);
});

test('after a day only a person may answer, and it says until when', () => {
  const closed = messenger({ window_closes_at: '2025-06-02T08:00:00Z', human_window_closes_at: '2025-06-08T08:00:00Z' });
  expect(told(closed)).toContain('only as a person’s answer'.replace('’', "'"));
});

test('when the window has closed it says where the answer goes instead', () => {
  const closed = messenger({ window_closes_at: '2025-06-01T08:00:00Z', human_window_closes_at: '2025-06-01T08:00:00Z', fallback: sms });
  expect(told(closed)).toBe('The window on Messenger has closed: this goes by SMS to +37•••345 instead');
  expect(goesElsewhere(closed, NOW)).toBe(true);
});

test('a customer who said stop is not reached by a way around', () => {
  const stopped = messenger({ reachable: false, window_closes_at: '2025-06-01T08:00:00Z', human_window_closes_at: '2025-06-01T08:00:00Z', fallback: sms });
  expect(goesElsewhere(stopped, NOW)).toBe(false);
  expect(told(stopped)).toBe('');
});

test('when the visitor has left it says what follows them', () => {
  expect(told(page({ present: false, fallback: mail }))).toBe('The visitor has left the page: your answer follows by Email to n•••@example.org if it stays unread');
  expect(told(page({ present: false }))).toBe('The visitor has left the page: they read this when they come back');
  expect(told(page({ present: true }))).toBe('The visitor is on the page');
});

test('where an answer simply arrives nothing is said', () => {
  expect(told(address())).toBe('');
});
