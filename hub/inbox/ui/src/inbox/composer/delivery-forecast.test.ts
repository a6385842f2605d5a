import { expect, test } from 'vitest';
import type { ContactAddress } from '$shared/types';
import { address } from '../testing/samples';
import { deliveryForecast, usesFallback } from './delivery-forecast';

const NOW = Date.parse('2025-06-02T09:00:00Z');
const NAMES: Record<string, string> = { messenger: 'Messenger', sms: 'SMS', mail: 'Email', website: 'Web chat' };
const sms = { connector: 'sms', kind: 'sms', address: 'tel:+37255512345' };
const mail = { connector: 'mail', kind: 'email', address: 'mailto:nora@example.org' };
const messenger = (more: Partial<ContactAddress>) => address({ address: 'messenger:1', connector: 'messenger', kind: 'messenger', ...more });
const page = (more: Partial<ContactAddress>) => address({ address: 'webchat:1', connector: 'website', kind: 'webchat', ...more });
const forecastText = (contactAddress: ContactAddress) => deliveryForecast(contactAddress, (connector) => NAMES[connector ?? ''] ?? '', NOW).text.replaceAll(/[\u2068\u2069]/gu, '');

test('an open window has the time that is left', () => {
  expect(forecastText(messenger({ window_closes_at: '2025-06-02T12:00:00Z' }))).toMatch(/^Messenger: 3 h.* left to reply$/u);
});

test('after a day only a person may answer, and the forecast says until when', () => {
  const closed = messenger({ window_closes_at: '2025-06-02T08:00:00Z', human_window_closes_at: '2025-06-08T08:00:00Z' });
  expect(forecastText(closed)).toContain('only as a person’s answer'.replace('’', "'"));
});

test('when the window has closed the forecast names the fallback', () => {
  const closed = messenger({ window_closes_at: '2025-06-01T08:00:00Z', human_window_closes_at: '2025-06-01T08:00:00Z', fallback: sms });
  expect(forecastText(closed)).toBe('The window on Messenger has closed: this goes by SMS to +37•••345 instead');
  expect(usesFallback(closed, NOW)).toBe(true);
});

test('a customer who said stop is not reached by a fallback', () => {
  const stopped = messenger({ reachable: false, window_closes_at: '2025-06-01T08:00:00Z', human_window_closes_at: '2025-06-01T08:00:00Z', fallback: sms });
  expect(usesFallback(stopped, NOW)).toBe(false);
  expect(forecastText(stopped)).toBe('');
});

test('when the visitor has left the page the forecast names the fallback', () => {
  expect(forecastText(page({ present: false, fallback: mail }))).toBe('The visitor has left the page: your answer follows by Email to n•••@example.org if it stays unread');
  expect(forecastText(page({ present: false }))).toBe('The visitor has left the page: they read this when they come back');
  expect(forecastText(page({ present: true }))).toBe('The visitor is on the page');
});

test('a reply that simply arrives has no forecast', () => {
  expect(forecastText(address())).toBe('');
});
