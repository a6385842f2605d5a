import { expect, test } from 'vitest';
import type { Sla } from '$shared/types';
import { nextDue } from './sla';

const NOW = Date.parse('2025-06-02T09:00:00Z');
const due = (more: Partial<Sla> | null, since: string | null = null) =>
  nextDue({ sla: more && { first_reply_due: null, next_reply_due: null, resolve_due: null, breached: [], ...more }, waiting_since: since }, NOW);

test('without a policy, or with clocks that stand still, nothing is due', () => {
  expect(due(null)).toBeNull();
  expect(due({})).toBeNull();
});

test('the reply is due before the resolution', () => {
  const both = { next_reply_due: '2025-06-02T09:15:00Z', resolve_due: '2025-06-04T09:00:00Z' };
  expect(due(both)).toEqual({ clock: 'next_reply', at: '2025-06-02T09:15:00Z', state: 'calm' });
});

test('the last fifth of the time is soon, later is late', () => {
  const since = '2025-06-02T08:40:00Z';
  expect(due({ first_reply_due: '2025-06-02T09:10:00Z' }, since)?.state).toBe('calm');
  expect(due({ first_reply_due: '2025-06-02T09:04:00Z' }, since)?.state).toBe('soon');
  expect(due({ first_reply_due: '2025-06-02T08:59:00Z' }, since)?.state).toBe('late');
});

test('the resolution shows when it is near', () => {
  expect(due({ resolve_due: '2025-06-04T09:00:00Z' })).toBeNull();
  expect(due({ resolve_due: '2025-06-02T10:00:00Z' })?.clock).toBe('resolve');
});
