import { expect, test } from 'vitest';
import type { Sla } from '$shared/types';
import { nextDue } from './sla';

const NOW = Date.parse('2025-06-02T09:00:00Z');
const sla = (more: Partial<Sla>): Sla => ({ first_reply_due: null, next_reply_due: null, resolve_due: null, breached: [], ...more });

test('without a policy, or with clocks that stand still, nothing is due', () => {
  expect(nextDue(null, NOW)).toBeNull();
  expect(nextDue(sla({}), NOW)).toBeNull();
});

test('the answer is due before the end of it all', () => {
  const both = sla({ next_reply_due: '2025-06-02T09:15:00Z', resolve_due: '2025-06-04T09:00:00Z' });
  expect(nextDue(both, NOW)).toEqual({ clock: 'next_reply', at: '2025-06-02T09:15:00Z', state: 'calm' });
});

test('the last minutes are told apart, and so is what is late', () => {
  expect(nextDue(sla({ first_reply_due: '2025-06-02T09:04:00Z' }), NOW)?.state).toBe('soon');
  expect(nextDue(sla({ first_reply_due: '2025-06-02T08:59:00Z' }), NOW)?.state).toBe('late');
});

test('the end of it all shows when it is near', () => {
  expect(nextDue(sla({ resolve_due: '2025-06-04T09:00:00Z' }), NOW)).toBeNull();
  expect(nextDue(sla({ resolve_due: '2025-06-02T10:00:00Z' }), NOW)?.clock).toBe('resolve');
});
