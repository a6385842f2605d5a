import { expect, test } from 'vitest';
import { needsStart, parseLink } from './links';

test.each([
  ['https://t.me/sandbox_shop_bot?start=tOk-En', { app: 'telegram', payload: 'tOk-En' }],
  ['https://t.me/sandbox_shop_bot', { app: 'telegram', payload: '' }],
  [' https://m.me/100200?ref=tOk_En ', { app: 'messenger', payload: 'tOk_En' }],
  ['sms:+15005550006?body=AB12CD34', { app: 'sms', text: 'AB12CD34' }],
  [
    'mailto:support+tOkEn@shop.example?subject=Continue%20our%20conversation&body=Code%3A%20AB12',
    { app: 'mail', to: 'support+tOkEn@shop.example', subject: 'Continue our conversation', text: 'Code: AB12' },
  ],
  ['mailto:me+you@example.com?subject=1+1', { app: 'mail', to: 'me+you@example.com', subject: '1+1', text: '' }],
])('%s opens an app with the values of the link', (link, expected) => {
  expect(parseLink(link)).toEqual(expected);
});

test.each(['https://example.org/t.me', 'https://nott.me/x', 'javascript:alert(1)', 'words', ''])('%s opens in the browser', (link) => {
  expect(parseLink(link)).toBeNull();
});

test('only a Messenger conversation with messages takes the link without Start', () => {
  expect(needsStart('telegram', true)).toBe(true);
  expect(needsStart('telegram', false)).toBe(true);
  expect(needsStart('messenger', true)).toBe(true);
  expect(needsStart('messenger', false)).toBe(false);
});
