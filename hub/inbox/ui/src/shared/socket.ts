// One typed interface for both Socket.IO namespaces.
import { io, type Socket } from 'socket.io-client';
import type { Ack, Refusal } from './types';

export interface LiveSocket<Events> {
  on<Name extends keyof Events & string>(name: Name, handler: (payload: Events[Name]) => void): void;
  /** Sends and waits for the acknowledgement; no answer within 10 s is a refusal with code `timeout`. */
  request<T = object>(name: string, payload: object): Promise<Ack<T>>;
  /** Sends without waiting for an answer; dropped while the connection is down. */
  emit(name: string, payload: object): void;
  onConnection(handler: (state: ConnectionState, refusal?: string) => void): void;
  connect(): void;
  close(): void;
}

export type ConnectionState = 'connecting' | 'connected' | 'lost' | 'refused';

const ANSWER_TIMEOUT = 10_000;

export function openSocket<Events>(
  namespace: '/agent' | '/visitor',
  auth: Record<string, unknown> | (() => Record<string, unknown>) = {},
): LiveSocket<Events> {
  const socket: Socket = io(namespace, {
    path: '/socket.io',
    autoConnect: false,
    transports: ['websocket', 'polling'],
    reconnectionDelay: 500,
    reconnectionDelayMax: 5_000,
    auth: (done) => done(typeof auth === 'function' ? auth() : auth),
  });
  return {
    on: (name, handler) => void socket.on(name as string, handler as (payload: unknown) => void),
    async request<T>(name: string, payload: object) {
      try {
        return (await socket.timeout(ANSWER_TIMEOUT).emitWithAck(name, payload)) as Ack<T>;
      } catch {
        return { ok: false, code: 'timeout', message: '' } satisfies Refusal;
      }
    },
    emit: (name, payload) => void socket.volatile.emit(name, payload),
    onConnection(handler) {
      socket.on('connect', () => handler('connected'));
      socket.on('disconnect', () => handler('lost'));
      socket.on('connect_error', (error) => {
        // Socket.IO connects again by itself only while `active`: not after a refusal of the server.
        handler(socket.active ? 'lost' : 'refused', error.message);
      });
    },
    connect: () => void socket.connect(),
    close: () => void socket.close(),
  };
}
