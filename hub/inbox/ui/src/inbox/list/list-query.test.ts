import { expect, test } from 'vitest';
import { conversation, mari } from '../testing/samples';
import { apiParameters, compare, fits, fromAddress, queryOfView, storedFilter, toAddress, type ListQuery } from './list-query';

const NOW = Date.parse('2026-03-02T12:00:00Z');
const query = (more: Partial<ListQuery> = {}): ListQuery => ({ tab: 'all', status: 'any', filter: {}, sort: 'activity', view: null, ...more });
const passes = (filter: ListQuery['filter'], more = {}) => fits(conversation(more), query({ filter }), mari.id, NOW);
const sla = { first_reply_due: null, next_reply_due: '2026-03-02T13:00:00Z', resolve_due: null, breached: [] };

test('an address keeps the whole list: tab, status, filters, order and view', () => {
  const shown = query({ tab: 'mine', status: 'pending', filter: { label: 'long wait & more', before: '2026-03-01' }, sort: 'waiting', view: '7' });
  expect(fromAddress(toAddress(shown, true))).toEqual(shown);
});

test('the plain list of open conversations needs no address', () => {
  expect(toAddress(query({ status: 'open' }), false)).toBe('');
});

test('what an address must not have is left out', () => {
  expect(fromAddress('tab=nothing&status=opened&sort=newest&colour=red&label=')).toEqual({ tab: null, status: 'open', filter: {}, sort: 'activity', view: null });
});

test('a view keeps what the list shows, and shows it again', () => {
  const shown = query({ tab: 'mine', status: 'open', filter: { unread: '1', priority: 'urgent' }, sort: 'sla' });
  const filter = storedFilter(shown);
  expect(filter).toEqual({ assignee: 'me', status: 'open', unread: true, priority: 'urgent' });
  const view = { id: '3', name: 'Now', scope: 'own' as const, team: null, owner: '1', filter, sort: 'sla' as const, count: 0, more: false };
  expect(queryOfView(view)).toEqual({ ...shown, view: '3' });
});

test('the server is asked in the time zone of the agent where days are meant', () => {
  expect(apiParameters(query({ filter: { before: '2026-03-01' } }), '1')['zone']).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
  expect(apiParameters(query({ tab: 'mine', status: 'open' }), '1')).toEqual({ assignee: '1', status: 'open' });
});

test('each filter lets through what it names', () => {
  expect(passes({ label: 'vip' }, { labels: ['vip'] })).toBe(true);
  expect(passes({ label: 'vip' })).toBe(false);
  expect(passes({ connector: 'sms' })).toBe(true);
  expect(passes({ connector: 'mail' })).toBe(false);
  expect(passes({ priority: 'high' })).toBe(false);
  expect(passes({ waiting: 'us' })).toBe(false);
  expect(passes({ waiting: 'customer' })).toBe(true);
  expect(passes({ waiting: 'customer' }, { status: 'resolved' })).toBe(false);
  expect(passes({ unread: '1' }, { unread_count: 2 })).toBe(true);
  expect(passes({ unread: '0' }, { unread_count: 2 })).toBe(false);
  expect(passes({ sla: 'due' }, { sla })).toBe(true);
  expect(passes({ sla: 'breached' }, { sla })).toBe(false);
  expect(passes({ sla: 'breached' }, { sla: { ...sla, breached: ['next_reply'] } })).toBe(true);
  expect(passes({ team: 'none' })).toBe(true);
  expect(passes({ assignee: mari.id })).toBe(true);
  expect(passes({ assignee: 'none' })).toBe(false);
});

test('a day begins and ends where it does for the agent', () => {
  const at = new Date(2026, 2, 1, 23, 30).toISOString();
  const late = { updated_at: at };
  expect(passes({ before: '2026-03-02' }, late)).toBe(true);
  expect(passes({ before: '2026-03-01' }, late)).toBe(false);
  expect(passes({ after: '2026-03-01' }, late)).toBe(false);
  expect(passes({ after: '2026-02-28' }, late)).toBe(true);
});

test('a conversation that was merged into another is in no list', () => {
  expect(passes({}, { merged_into: '5' })).toBe(false);
});

test('each order puts first what its name says', () => {
  const calm = conversation({ id: '1', updated_at: '2026-03-02T11:00:00Z' });
  const waiting = conversation({ id: '2', waiting_since: '2026-03-02T10:00:00Z', updated_at: '2026-03-02T10:00:00Z' });
  const longer = conversation({ id: '3', waiting_since: '2026-03-02T09:00:00Z', updated_at: '2026-03-02T09:00:00Z', priority: 'urgent' });
  const due = conversation({ id: '4', sla, updated_at: '2026-03-02T08:00:00Z', priority: 'low' });
  const sorted = (sort: ListQuery['sort']) => [due, longer, waiting, calm].sort(compare(sort)).map(({ id }) => id);
  expect(sorted('activity')).toEqual(['1', '2', '3', '4']);
  expect(sorted('waiting')).toEqual(['3', '2', '1', '4']);
  expect(sorted('sla')).toEqual(['4', '1', '2', '3']);
  expect(sorted('priority')).toEqual(['3', '1', '2', '4']);
});
