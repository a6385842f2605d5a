import { expect, test, vi } from 'vitest';
import type { ConnectionState, LiveSocket } from '$shared/socket';
import type { AgentEvents, Message } from '$shared/types';
import { message } from '../testing/samples';
import { Live, type Ears } from './live.svelte';

function scene(sync: { messages: Message[]; more: boolean }[] = []) {
  const heard: string[] = [];
  let tellState: (state: ConnectionState, refusal?: string) => void = () => {};
  const handlers = new Map<string, (payload: never) => void>();
  const ask = vi.fn(async () => ({ ok: true, ...sync.shift() }));
  const socket = {
    on: (name: string, handler: (payload: never) => void) => handlers.set(name, handler),
    ask,
    tell: vi.fn(),
    onConnection: (listener: (state: ConnectionState, refusal?: string) => void) => (tellState = listener),
    connect: vi.fn(),
    close: vi.fn(),
  } as unknown as LiveSocket<AgentEvents>;
  const ears = new Proxy({}, { get: (_target, name) => () => heard.push(String(name)) }) as Ears;
  const live = new Live(ears, socket);
  const started = live.start();
  return { live, started, socket, ask, heard, handlers, tellState: (state: ConnectionState, refusal?: string) => tellState(state, refusal) };
}

test('the first connection catches up on nothing, each later one does', () => {
  const { heard, tellState } = scene();
  tellState('connected');
  expect(heard).toEqual([]);
  tellState('lost');
  tellState('connected');
  expect(heard).toEqual(['back']);
});

test('nothing is asked for before there is a connection', async () => {
  const { started, heard, tellState } = scene();
  let isStarted = false;
  void started.then(() => (isStarted = true));
  await Promise.resolve();
  expect(isStarted).toBe(false);
  tellState('connected');
  await started;
  expect(heard).toEqual([]);
});

test('a connection that comes too late catches up', async () => {
  vi.useFakeTimers();
  const { started, heard, tellState } = scene();
  await vi.advanceTimersByTimeAsync(1_000);
  await started;
  vi.useRealTimers();
  tellState('connected');
  expect(heard).toEqual(['back']);
});

test('a connection that fails at first catches up when it comes', async () => {
  const { started, heard, tellState } = scene();
  tellState('lost');
  await started;
  tellState('connected');
  expect(heard).toEqual(['back']);
});

test('every event of the agents reaches its ear', () => {
  const { heard, handlers } = scene();
  for (const handler of handlers.values()) handler({} as never);
  expect(heard).toEqual([...handlers.keys()]);
  expect(heard).toContain('conversation.viewed');
});

test('what was missed is asked for page by page, each after the last message of the one before', async () => {
  const [one, two, three] = [message(), message(), message()];
  const { live, ask } = scene([
    { messages: [one, two], more: true },
    { messages: [three], more: false },
  ]);
  expect(await live.missed('100', '5')).toEqual([one, two, three]);
  expect(ask.mock.calls).toEqual([
    ['sync', { conversation_id: '100', after: '5' }],
    ['sync', { conversation_id: '100', after: two.id }],
  ]);
});

test('the connection follows the device at once', () => {
  const { socket } = scene();
  dispatchEvent(new Event('offline'));
  expect(socket.close).toHaveBeenCalled();
  dispatchEvent(new Event('online'));
  expect(socket.connect).toHaveBeenCalledTimes(2);
});

test('a screen that is no longer let in is told so, one that was only cut off is not', () => {
  const { heard, tellState } = scene();
  tellState('connected');
  tellState('lost');
  expect(heard).toEqual([]);
  tellState('refused', 'not_signed_in');
  expect(heard).toEqual(['refused']);
});
