import { beforeEach, expect, test } from 'vitest';
import type { JournalEntry, ListedConnector } from '$shared/types';
import { page } from '../testing/samples';
import { Journal } from './journal.svelte';

beforeEach(() => localStorage.clear());

const entry: JournalEntry = {
  id: '5', connector: 'telegram', key: 'update:7', status: 'failed', reason: 'No sender.', error: 'No sender.', message_id: null,
  received_at: '2026-03-01T08:00:00Z',
}; // prettier-ignore

function scene(lastAt: string, statusAfterReplay: JournalEntry['status'] = 'done') {
  const journal = { failed: 1, ignored: 0, last_status: 'failed' as const, last_reason: 'No sender.', last_at: lastAt };
  const telegram: ListedConnector = { name: 'telegram', kind: 'telegram', label: '', state: 'ok', last_error: '', capabilities: null, needs_consent: false, journal };
  const directory = { connectors: [telegram], load: async () => {} };
  return new Journal({ journal: () => page([entry]), replay: async () => ({ status: statusAfterReplay }) }, directory);
}

test('what came after the last look is news until the list is shown, also after a reload', async () => {
  const journal = scene('2026-03-01T08:00:00Z');
  expect(journal.hasNews).toBe(true);
  await journal.show('failed');
  expect(journal.hasNews).toBe(false);
  expect(scene('2026-03-01T08:00:00Z').hasNews).toBe(false);
  expect(scene('2026-03-01T08:00:01Z').hasNews).toBe(true);
});

test('an entry that is done after it ran again leaves the list; one that fails again stays', async () => {
  for (const [status, count] of [['done', 0], ['failed', 1]] as const) {
    const journal = scene('', status);
    await journal.show('failed');
    await journal.replay(entry);
    expect(journal.entries).toHaveLength(count);
  }
});
