import { expect, test } from 'vitest';
import { maskedAddress } from './masked-address';

test('an address shows enough to tell it from others', () => {
  expect(maskedAddress({ connector: 'mail', kind: 'email', address: 'mailto:nora@example.org' })).toBe('n•••@example.org');
  expect(maskedAddress({ connector: 'sms', kind: 'sms', address: 'tel:+37255512345' })).toBe('+37•••345');
});

test('an address that people cannot read is named by its channel', () => {
  expect(maskedAddress({ connector: 'telegram', kind: 'telegram', address: 'telegram:3527065' })).toBe('Telegram');
});
