import { expect, test } from 'vitest';
import { inkOn, settingsOf } from './settings';

test('text on the company’s colour is readable', () => {
  expect(inkOn('#2f5bea')).toBe('#ffffff');
  expect(inkOn('#f5c518')).toBe('#14161c');
});

test('settings that a server does not send have working defaults', () => {
  expect(settingsOf('website', { color: 'red', title: null })).toMatchObject({
    color: '#2f5bea',
    title: '',
    online: true,
    maxBytes: null,
  });
});
