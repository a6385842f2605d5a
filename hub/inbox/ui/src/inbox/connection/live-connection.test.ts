import { expect, test, vi } from 'vitest';
import type { ConnectionState, LiveSocket } from '$shared/socket';
import type { AgentEvents, Message } from '$shared/types';
import { message } from '../testing/samples';
import { LiveConnection, type EventHandlers } from './live-connection.svelte';

function scene(sync: { messages: Message[]; more: boolean }[] = []) {
  const applied: string[] = [];
  let setState: (state: ConnectionState, refusal?: string) => void = () => {};
  const listeners = new Map<string, (payload: never) => void>();
  const request = vi.fn(async () => ({ ok: true, ...sync.shift() }));
  const socket = {
    on: (name: string, handler: (payload: never) => void) => listeners.set(name, handler),
    request,
    emit: vi.fn(),
    onConnection: (listener: (state: ConnectionState, refusal?: string) => void) => (setState = listener),
    connect: vi.fn(),
    close: vi.fn(),
  } as unknown as LiveSocket<AgentEvents>;
  const handlers = new Proxy({}, { get: (_target, name) => () => applied.push(String(name)) }) as EventHandlers;
  const connection = new LiveConnection(handlers, socket);
  const started = connection.start();
  return { connection, started, socket, request, applied, listeners, setState: (state: ConnectionState, refusal?: string) => setState(state, refusal) };
}

test('the first connection catches up on nothing, each later one does', () => {
  const { applied, setState } = scene();
  setState('connected');
  expect(applied).toEqual([]);
  setState('lost');
  setState('connected');
  expect(applied).toEqual(['reconnected']);
});

test('nothing is asked for before there is a connection', async () => {
  const { started, applied, setState } = scene();
  let isStarted = false;
  void started.then(() => (isStarted = true));
  await Promise.resolve();
  expect(isStarted).toBe(false);
  setState('connected');
  await started;
  expect(applied).toEqual([]);
});

test('a connection that comes too late catches up', async () => {
  vi.useFakeTimers();
  const { started, applied, setState } = scene();
  await vi.advanceTimersByTimeAsync(1_000);
  await started;
  vi.useRealTimers();
  setState('connected');
  expect(applied).toEqual(['reconnected']);
});

test('a connection that fails at first catches up when it comes', async () => {
  const { started, applied, setState } = scene();
  setState('lost');
  await started;
  setState('connected');
  expect(applied).toEqual(['reconnected']);
});

test('every event of the agents reaches its handler', () => {
  const { applied, listeners } = scene();
  for (const handler of listeners.values()) handler({} as never);
  expect(applied).toEqual([...listeners.keys()]);
  expect(applied).toContain('conversation.viewed');
});

test('missed messages are requested page by page, each page after the last message of the page before', async () => {
  const [first, second, third] = [message(), message(), message()];
  const { connection, request } = scene([
    { messages: [first, second], more: true },
    { messages: [third], more: false },
  ]);
  expect(await connection.missedMessages('100', '5')).toEqual([first, second, third]);
  expect(request.mock.calls).toEqual([
    ['sync', { conversation_id: '100', after: '5' }],
    ['sync', { conversation_id: '100', after: second.id }],
  ]);
});

test('the connection follows the device at once', () => {
  const { socket } = scene();
  dispatchEvent(new Event('offline'));
  expect(socket.close).toHaveBeenCalled();
  dispatchEvent(new Event('online'));
  expect(socket.connect).toHaveBeenCalledTimes(2);
});

test('a screen that the server refuses is told so, a screen that lost its connection is not', () => {
  const { applied, setState } = scene();
  setState('connected');
  setState('lost');
  expect(applied).toEqual([]);
  setState('refused', 'not_signed_in');
  expect(applied).toEqual(['refused']);
});

test('a gap that the server tells of, and what is wrong with the hub, reach the screen', () => {
  const { applied, listeners } = scene();
  listeners.get('resync')?.({} as never);
  listeners.get('notices')?.({ codes: ['redis_away'] } as never);
  expect(applied).toEqual(['resync', 'notices']);
});

test('a screen that was refused for another reason than its sign-in connects again', async () => {
  vi.useFakeTimers();
  const { connection, socket, applied, setState } = scene();
  setState('refused', 'unavailable');
  await vi.advanceTimersByTimeAsync(5_000);
  expect(socket.connect).toHaveBeenCalledTimes(2);
  setState('refused', 'unavailable');
  connection.stop();
  await vi.advanceTimersByTimeAsync(10_000);
  vi.useRealTimers();
  expect(socket.connect).toHaveBeenCalledTimes(2);
  expect(applied).toEqual([]);
});
