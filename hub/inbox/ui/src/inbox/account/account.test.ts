import { expect, test, vi } from 'vitest';
import { ApiError } from '$shared/http';
import type { Token } from '$shared/types';
import { page } from '../testing/samples';
import { Account } from './account.svelte';

const token = (id: string): Token => ({ id, name: `token ${id}`, owner: null, created_at: '2025-06-02T08:00:00Z', last_used_at: null });

function scene() {
  const api = {
    changePassword: vi.fn(async () => {}),
    signOutElsewhere: vi.fn(async () => {}),
    tokens: vi.fn(() => page([token('1'), token('2')])),
    revokeToken: vi.fn(async () => {}),
  };
  return { api, account: new Account(api) };
}

test('a revoked token leaves the list', async () => {
  const { api, account } = scene();
  await account.load();
  expect(await account.revoke(account.tokens[0]!)).toBe(true);
  expect(api.revokeToken).toHaveBeenCalledWith('1');
  expect(account.tokens.map(({ id }) => id)).toEqual(['2']);
});

test('a refused password is told in the server’s words, and the next try starts without them', async () => {
  const { api, account } = scene();
  api.changePassword.mockRejectedValueOnce(new ApiError({ status: 422, detail: 'This is not your password.' }));
  expect(await account.changePassword('wrong', 'something long')).toBe(false);
  expect(account.problem).toBe('This is not your password.');
  expect(await account.changePassword('right', 'something long')).toBe(true);
  expect(account.problem).toBe('');
});

test('a token that could not be revoked stays in the list', async () => {
  const { api, account } = scene();
  await account.load();
  api.revokeToken.mockRejectedValueOnce(new ApiError({ status: 0 }));
  expect(await account.revoke(account.tokens[0]!)).toBe(false);
  expect(account.tokens).toHaveLength(2);
});
