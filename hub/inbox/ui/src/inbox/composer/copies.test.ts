import { expect, test, vi } from 'vitest';
import { message } from '../testing/samples';
import { Copies } from './copies.svelte';

const mail = message({ id: '7', to: ['mailto:support@shop.example', 'mailto:ali@firm.example'], cc: [] });

function scene(cc: string[] = ['mailto:ali@firm.example']) {
  const recipients = vi.fn(async () => ({ to: [], cc }));
  const chosen: { cc: string[] | null } = { cc: null };
  const copies = new Copies({ recipients }, { get: () => chosen.cc, set: (value) => (chosen.cc = value) });
  return { copies, chosen, recipients };
}

test('the others of the mail answered are the copies, and nothing is chosen yet', async () => {
  const { copies, chosen } = scene();
  await copies.load(mail);
  expect(copies.addresses).toEqual(['ali@firm.example']);
  expect(chosen.cc).toBeNull();
});

test('a copy that is removed or added makes the list the agent’s own', async () => {
  const { copies, chosen } = scene();
  await copies.load(mail);
  copies.remove('ali@firm.example');
  expect(chosen.cc).toEqual([]);
  expect(copies.add(' boss@firm.example ')).toBe(true);
  expect(copies.add('BOSS@firm.example')).toBe(true);
  expect(chosen.cc).toEqual(['BOSS@firm.example']);
});

test('a text that is no address is no copy', () => {
  const { copies, chosen } = scene();
  for (const text of ['ali', 'ali@', 'a b@firm.example', 'Ali <ali@firm.example>']) expect(copies.add(text)).toBe(false);
  expect(chosen.cc).toBeNull();
});

test('the copies of the mail before are gone at once, and a late answer for it changes nothing', async () => {
  const { copies } = scene();
  const late = copies.load(mail);
  await copies.load(null);
  await late;
  expect(copies.addresses).toEqual([]);
});

test('a mail to us alone asks for no recipients', async () => {
  const { copies, recipients } = scene();
  await copies.load(message({ to: ['mailto:support@shop.example'] }));
  expect(recipients).not.toHaveBeenCalled();
});
