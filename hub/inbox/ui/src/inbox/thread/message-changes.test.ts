import { expect, test, vi } from 'vitest';
import type { Message } from '$shared/types';
import { connector, mari, message } from '../testing/samples';
import { MessageChanges, type MessageChangesDependencies } from './message-changes.svelte';

const sent = (more: Partial<Message> = {}) =>
  message({
    direction: 'out',
    text: 'Yess',
    connector: 'website',
    author: { type: 'agent', id: mari.id, name: mari.name },
    delivery: { status: 'delivered', code: '', reason: '', attempts: 1, maybe_twice: false, fallback_from: null },
    ...more,
  });

function scene() {
  const api = { changeMessage: vi.fn(async (id: string, text: string) => sent({ id, text })), takeBack: vi.fn(async (id: string) => sent({ id, extra: { retracted_by: 'Mari' } })) };
  const apply = vi.fn();
  const changes = new MessageChanges({
    api,
    apply,
    session: { agentId: mari.id, agent: mari },
    directory: { connector: (name: string) => connector(name, name === 'website' ? { edit: true, retract: true } : {}) },
    attempt: async (action: () => Promise<unknown>) => (await action(), true),
  } as unknown as MessageChangesDependencies);
  return { changes, api, apply };
}

test('a change is offered only where the customer’s copy changes too', () => {
  const { changes } = scene();
  expect([changes.canEdit(sent()), changes.canRetract(sent())]).toEqual([true, true]);
  for (const other of [
    sent({ connector: 'sms' }),
    sent({ author: { type: 'agent', id: '2', name: 'Zoe' } }),
    sent({ direction: 'in' }),
    sent({ type: 'note' }),
    sent({ extra: { retracted_by: 'Mari' } }),
    sent({ delivery: { status: 'queued', code: '', reason: '', attempts: 0, maybe_twice: false, fallback_from: null } }),
  ]) {
    expect([changes.canEdit(other), changes.canRetract(other)]).toEqual([false, false]);
  }
});

test('an edit is under way until it is saved, whatever comes in', async () => {
  const { changes, api, apply } = scene();
  const edited = sent({ id: '50' });
  changes.begin(edited);
  changes.text = 'Yes';
  expect([changes.editingId, changes.text]).toEqual(['50', 'Yes']);
  await changes.save(edited);
  expect(api.changeMessage).toHaveBeenCalledExactlyOnceWith('50', 'Yes');
  expect([changes.editingId, apply.mock.calls[0]?.[0].text]).toEqual([null, 'Yes']);
});

test('an edit to the same words asks nothing of the server', async () => {
  const { changes, api } = scene();
  changes.begin(sent());
  await changes.save(sent());
  expect(api.changeMessage).not.toHaveBeenCalled();
});
