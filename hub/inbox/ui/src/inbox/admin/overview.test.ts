import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ApiError } from '$shared/http';
import type { Overview } from '$shared/types';
import type { AdminApi } from './admin-api';
import { LiveOverview } from './overview.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const nothing: Overview = { at: '2025-06-02T09:00:00Z', teams: [], agents: [] };

function scene(overview: () => Promise<Overview>) {
  const load = vi.fn(overview);
  return { load, live: new LiveOverview({ overview: load } as unknown as AdminApi) };
}

test('a burst of events is one request', async () => {
  const { load, live } = scene(async () => nothing);
  live.follow();
  for (let event = 0; event < 20; event += 1) live.scheduleReload();
  await vi.advanceTimersByTimeAsync(1000);
  expect(load).toHaveBeenCalledTimes(2);
});

test('nothing is loaded while the page is not shown', async () => {
  const { load, live } = scene(async () => nothing);
  const hide = live.follow();
  live.scheduleReload();
  hide();
  live.scheduleReload();
  await vi.advanceTimersByTimeAsync(1000);
  expect(load).toHaveBeenCalledTimes(1);
});

test('a failed request keeps the last overview and says why', async () => {
  const answers = [Promise.resolve(nothing), Promise.reject(new ApiError({ status: 403, detail: 'Only for admins.' }))];
  const { live } = scene(() => answers.shift()!);
  await live.load();
  await live.load();
  expect(live.current).toEqual(nothing);
  expect(live.problem).toBe('Only for admins.');
});
