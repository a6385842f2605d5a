import { beforeEach, expect, test, vi } from 'vitest';
import { ApiError } from '$shared/http';
import type { Message } from '$shared/types';
import { conversation, fakeApi, mari, message } from '../testing/samples';
import { OFFLINE, Outbox } from './outbox.svelte';
import { Session } from '../session/session.svelte';

beforeEach(() => localStorage.clear());

async function scene(send: (...parameters: unknown[]) => Promise<Message>) {
  const api = fakeApi({ send, session: async () => ({ agent: mari, csrf_token: '' }) });
  const session = new Session(api);
  await session.resume();
  const shown: Message[] = [];
  const outbox = new Outbox(api, session, (sent) => shown.push(sent));
  const reloaded = () => new Outbox(api, session, (sent) => shown.push(sent));
  return { outbox, reloaded, shown };
}

const hello = { conversation: conversation(), attachments: [], kind: 'sms', address: 'tel:+37255512345', message: { text: 'Hello', type: 'message' as const, connector: 'sms', client_id: 'c-1' } };

test('a message shows at once, before the server answered', async () => {
  const { outbox, shown } = await scene(() => new Promise(() => {}));
  void outbox.send(hello);
  expect(shown[0]).toMatchObject({ text: 'Hello', client_id: 'c-1', delivery: { status: 'queued' } });
});

test('a message that did not reach the server waits and is sent again with the same client id', async () => {
  const send = vi.fn<(...parameters: unknown[]) => Promise<Message>>();
  send.mockRejectedValueOnce(new ApiError({ status: 0 })).mockResolvedValueOnce(message({ client_id: 'c-1', direction: 'out' }));
  const { outbox, shown } = await scene(send);
  await outbox.send(hello);
  expect(shown.at(-1)?.delivery?.code).toBe(OFFLINE);
  await outbox.flush();
  expect(send.mock.calls.map((call) => (call[1] as { client_id: string }).client_id)).toEqual(['c-1', 'c-1']);
  expect(outbox.waitingFor('10')).toHaveLength(0);
});

test('a message that waits survives a reload of the page', async () => {
  const { outbox, reloaded } = await scene(() => Promise.reject(new ApiError({ status: 0 })));
  await outbox.send(hello);
  expect(reloaded().waitingFor('10')).toHaveLength(1);
});

test('a refusal is shown with the server’s own sentence and can be tried again', async () => {
  const send = vi.fn<(...parameters: unknown[]) => Promise<Message>>();
  send.mockRejectedValueOnce(new ApiError({ status: 409, detail: 'This channel is turned off.' })).mockResolvedValueOnce(message({ client_id: 'c-1' }));
  const { outbox, shown } = await scene(send);
  await outbox.send(hello);
  expect(shown.at(-1)?.delivery).toMatchObject({ status: 'failed', reason: 'This channel is turned off.' });
  await outbox.retry('c-1');
  expect(outbox.waitingFor('10')).toHaveLength(0);
});

test('a later message does not overtake a waiting one', async () => {
  const sent: string[] = [];
  let online = false;
  const { outbox } = await scene(async (_id, body) => {
    if (!online) throw new ApiError({ status: 0 });
    sent.push((body as { text: string }).text);
    return message();
  });
  await outbox.send(hello);
  await outbox.send({ ...hello, message: { ...hello.message, text: 'And this', client_id: 'c-2' } });
  online = true;
  await outbox.flush();
  expect(sent).toEqual(['Hello', 'And this']);
});

test('an agent does not send the waiting messages of another agent', async () => {
  const { outbox } = await scene(() => Promise.reject(new ApiError({ status: 0 })));
  await outbox.send(hello);
  const send = vi.fn(async () => message());
  const api = fakeApi({ send, session: async () => ({ agent: { ...mari, id: '2' }, csrf_token: '' }) });
  const session = new Session(api);
  await session.resume();
  await new Outbox(api, session, () => {}).flush();
  expect(send).not.toHaveBeenCalled();
});
