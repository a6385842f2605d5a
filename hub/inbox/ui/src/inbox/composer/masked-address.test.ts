import { expect, test } from 'vitest';
import { maskedAddress } from './masked-address';

test('an address is told as far as it takes to know which one', () => {
  expect(maskedAddress({ connector: 'mail', kind: 'email', address: 'mailto:nora@example.org' })).toBe('n•••@example.org');
  expect(maskedAddress({ connector: 'sms', kind: 'sms', address: 'tel:+37255512345' })).toBe('+37•••345');
});

test('an address that says nothing to people is named by its channel', () => {
  expect(maskedAddress({ connector: 'telegram', kind: 'telegram', address: 'telegram:3527065' })).toBe('Telegram');
});
