// One typed face for both Socket.IO namespaces.
import { io, type Socket } from 'socket.io-client';
import type { Ack, Refusal } from './types';

export interface LiveSocket<Events> {
  on<Name extends keyof Events & string>(name: Name, heard: (payload: Events[Name]) => void): void;
  /** Asks and waits for the acknowledgement; a silent server is a refusal with code `timeout`. */
  ask<T = object>(name: string, payload: object): Promise<Ack<T>>;
  /** Tells without waiting; dropped while the connection is down. */
  tell(name: string, payload: object): void;
  onConnection(heard: (state: ConnectionState, refusal?: string) => void): void;
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
    on: (name, heard) => void socket.on(name as string, heard as (payload: unknown) => void),
    async ask<T>(name: string, payload: object) {
      try {
        return (await socket.timeout(ANSWER_TIMEOUT).emitWithAck(name, payload)) as Ack<T>;
      } catch {
        return { ok: false, code: 'timeout', message: '' } satisfies Refusal;
      }
    },
    tell: (name, payload) => void socket.volatile.emit(name, payload),
    onConnection(heard) {
      socket.on('connect', () => heard('connected'));
      socket.on('disconnect', () => heard('lost'));
      socket.on('connect_error', (error) => {
        // Socket.IO tries again by itself only while `active`: not after the server said no.
        heard(socket.active ? 'lost' : 'refused', error.message);
      });
    },
    connect: () => void socket.connect(),
    close: () => void socket.close(),
  };
}
