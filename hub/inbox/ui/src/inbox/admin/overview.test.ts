import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ApiError } from '$shared/http';
import type { Overview } from '$shared/types';
import type { AdminApi } from './admin-api';
import { LiveOverview } from './overview.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const nothing: Overview = { at: '2025-06-02T09:00:00Z', teams: [], agents: [] };

function scene(overview: () => Promise<Overview>) {
  const look = vi.fn(overview);
  return { look, live: new LiveOverview({ overview: look } as unknown as AdminApi) };
}

test('a burst of events is one look', async () => {
  const { look, live } = scene(async () => nothing);
  live.show();
  for (let event = 0; event < 20; event += 1) live.changed();
  await vi.advanceTimersByTimeAsync(1000);
  expect(look).toHaveBeenCalledTimes(2);
});

test('nobody looks while the page is not shown', async () => {
  const { look, live } = scene(async () => nothing);
  const hide = live.show();
  live.changed();
  hide();
  live.changed();
  await vi.advanceTimersByTimeAsync(1000);
  expect(look).toHaveBeenCalledTimes(1);
});

test('a look that failed leaves what was seen before and says why', async () => {
  const answers = [Promise.resolve(nothing), Promise.reject(new ApiError({ status: 403, detail: 'Only for admins.' }))];
  const { live } = scene(() => answers.shift()!);
  await live.look();
  await live.look();
  expect(live.found).toEqual(nothing);
  expect(live.problem).toBe('Only for admins.');
});
