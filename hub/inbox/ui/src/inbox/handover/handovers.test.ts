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

const created = { id: '2', connector: 'telegram', url: 'https://t.me/bot?start=x', code: 'ABCD2345', qr: 'data:,', expires_at: '2025-06-03T09:00:00Z' };

test('a new handover is shown with its code, and is not among the earlier ones', async () => {
  let records = [record()];
  const handovers = new Handovers(fakeApi({ handovers: () => page(records), createHandover: async () => ((records = [record({ id: '2' }), ...records]), created) }));
  await handovers.open('100');
  await handovers.create('telegram');
  expect(handovers.created?.code).toBe('ABCD2345');
  expect(handovers.earlierHandovers.map(({ id }) => id)).toEqual(['1']);
});

test('a redeemed handover shows at once', async () => {
  let records = [record({ id: '2' })];
  const handovers = new Handovers(fakeApi({ handovers: () => page(records), createHandover: async () => created }));
  await handovers.open('100');
  await handovers.create('telegram');
  expect(handovers.redeemedAt).toBeNull();
  records = [record({ id: '2', redeemed_at: '2025-06-02T09:05:00Z' })];
  await handovers.applyMessage(message({ type: 'event', event: { name: 'handover.redeemed' } }));
  expect(handovers.redeemedAt).toBe('2025-06-02T09:05:00Z');
});

test('a channel that refuses a handover says so', async () => {
  const refusal = new ApiError({ status: 409, detail: 'A conversation cannot be handed over to this channel.' });
  const handovers = new Handovers(fakeApi({ handovers: () => page([]), createHandover: () => Promise.reject(refusal) }));
  await handovers.open('100');
  await handovers.create('pigeon');
  expect(handovers.created).toBeNull();
  expect(handovers.problem).toBe('A conversation cannot be handed over to this channel.');
});

test('a late answer is dropped after the conversation was left', async () => {
  let arrive: (value: typeof created) => void = () => {};
  const handovers = new Handovers(fakeApi({ handovers: () => page([]), createHandover: () => new Promise((resolve) => (arrive = resolve)) }));
  await handovers.open('100');
  const creating = handovers.create('telegram');
  handovers.close();
  arrive(created);
  await creating;
  expect(handovers.created).toBeNull();
});
