import { expect, test } from 'vitest';
import { FakeHub } from '../testing/fake-hub';
import { rows } from './timeline';

const hub = new FakeHub();

test('the messages of one author within minutes are one run', () => {
  const thread = rows([hub.message('out', 'a'), hub.message('out', 'b'), hub.message('in', 'c')]);
  expect(thread.map((row) => [row.startsRun, row.endsRun])).toEqual([
    [true, false],
    [false, true],
    [true, true],
  ]);
});

test('a new day starts with a divider', () => {
  const next = hub.message('in', 'b', { created_at: '2026-01-07T12:00:00Z' });
  expect(rows([hub.message('in', 'a'), next]).map((row) => row.startsDay)).toEqual([true, true]);
});
