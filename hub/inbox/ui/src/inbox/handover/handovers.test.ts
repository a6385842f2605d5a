import { expect, test } from 'vitest';
import { ApiError } from '$shared/http';
import type { HandoverRecord } from '$shared/types';
import { fakeApi, message, page } from '../testing/samples';
import { Handovers } from './handovers.svelte';

const record = (more: Partial<HandoverRecord> = {}): HandoverRecord => ({
  id: '1',
  connector: 'telegram',
  created_by: 'Mari',
  created_at: '2025-06-02T09:00:00Z',
  expires_at: '2025-06-03T09:00:00Z',
  redeemed_at: null,
  ...more,
});

const made = { id: '2', connector: 'telegram', url: 'https://t.me/bot?start=x', code: 'ABCD2345', qr: 'data:,', expires_at: '2025-06-03T09:00:00Z' };

test('an invitation is shown to its maker, and is not among the earlier ones', async () => {
  let records = [record()];
  const handovers = new Handovers(fakeApi({ handovers: () => page(records), invite: async () => ((records = [record({ id: '2' }), ...records]), made) }));
  await handovers.open('100');
  await handovers.make('telegram');
  expect(handovers.made?.code).toBe('ABCD2345');
  expect(handovers.earlier.map((each) => each.id)).toEqual(['1']);
});

test('it shows at once that the invitation was followed', async () => {
  let records = [record({ id: '2' })];
  const handovers = new Handovers(fakeApi({ handovers: () => page(records), invite: async () => made }));
  await handovers.open('100');
  await handovers.make('telegram');
  expect(handovers.redeemedAt).toBeNull();
  records = [record({ id: '2', redeemed_at: '2025-06-02T09:05:00Z' })];
  await handovers.heard(message({ type: 'event', event: { name: 'handover.redeemed' } }));
  expect(handovers.redeemedAt).toBe('2025-06-02T09:05:00Z');
});

test('a channel that cannot take over says so', async () => {
  const refusal = new ApiError({ status: 409, detail: 'A conversation cannot be handed over to this channel.' });
  const handovers = new Handovers(fakeApi({ handovers: () => page([]), invite: () => Promise.reject(refusal) }));
  await handovers.open('100');
  await handovers.make('pigeon');
  expect(handovers.made).toBeNull();
  expect(handovers.problem).toBe('A conversation cannot be handed over to this channel.');
});

test('after the conversation was left a late answer is for nobody', async () => {
  let arrive: (value: typeof made) => void = () => {};
  const handovers = new Handovers(fakeApi({ handovers: () => page([]), invite: () => new Promise((resolve) => (arrive = resolve)) }));
  await handovers.open('100');
  const making = handovers.make('telegram');
  handovers.close();
  arrive(made);
  await making;
  expect(handovers.made).toBeNull();
});
