import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Chat } from './chat.svelte';
import { contact, conversation, FakeHub } from '../testing/fake-hub';

let hub: FakeHub;
let chat: Chat;

beforeEach(() => {
  vi.useFakeTimers();
  hub = new FakeHub();
  chat = new Chat(hub.socket, hub.memory, 'website');
});
afterEach(() => vi.useRealTimers());

const settled = () => vi.advanceTimersByTimeAsync(0);
const shown = () => chat.messages.map((message) => message.text);
const waiting = () => chat.outbox.map((entry) => entry.text);
/** Loads the page again in the same browser. */
const reload = () => (chat = new Chat(hub.socket, hub.memory, 'website'));

describe('sending', () => {
  test('it shows a message at once and moves it into the thread when the server has it', async () => {
    hub.welcomes();
    chat.send('hello');
    expect(waiting()).toEqual(['hello']);
    await settled();
    expect(waiting()).toEqual([]);
    expect(shown()).toEqual(['hello']);
  });

  test('it sends a message typed while offline exactly once after the reconnect', async () => {
    hub.welcomes();
    hub.loses();
    chat.send('are you there?');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(hub.sent()).toEqual([]);
    hub.welcomes();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(hub.sent().map((payload) => payload['text'])).toEqual(['are you there?']);
    expect(shown()).toEqual(['are you there?']);
  });

  test('it keeps a message typed offline over a reload', async () => {
    hub.welcomes();
    hub.loses();
    chat.send('one');
    chat.send('two');
    reload();
    expect(waiting()).toEqual(['one', 'two']);
    hub.welcomes();
    await settled();
    expect(shown()).toEqual(['one', 'two']);
    reload();
    expect(waiting()).toEqual([]);
  });

  test('it sends messages in the order they were written', async () => {
    for (const text of ['a', 'b', 'c']) chat.send(text);
    hub.welcomes();
    await settled();
    expect(hub.sent().map((payload) => payload['text'])).toEqual(['a', 'b', 'c']);
  });

  test('it repeats a message with the same id when the line broke before the answer', async () => {
    hub.welcomes();
    hub.isSilent = true;
    chat.send('once');
    await settled();
    hub.loses();
    await settled();
    hub.isSilent = false;
    hub.welcomes();
    await vi.advanceTimersByTimeAsync(10_000);
    const ids = hub.sent().map((payload) => payload['client_id']);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
    expect(shown()).toEqual(['once']);
  });

  test('it shows a message once when its event comes before its acknowledgement', async () => {
    hub.welcomes();
    hub.isSilent = true;
    chat.send('early');
    await settled();
    const id = String(hub.sent()[0]!['client_id']);
    const message = hub.message('in', 'early', { client_id: id });
    hub.stored.push(message);
    hub.emits('message.created', { message, conversation: conversation() });
    expect(waiting()).toEqual([]);
    expect(shown()).toEqual(['early']);
  });

  test('it waits a moment and goes on by itself when the server says too fast', async () => {
    hub.welcomes();
    hub.refusal = { code: 'limit_exceeded', message: 'Too fast.' };
    chat.send('quick');
    chat.send('quicker');
    await settled();
    expect(chat.outbox.map((entry) => entry.state)).toEqual(['slowed', 'waiting']);
    hub.refusal = null;
    chat.send('quickest');
    await settled();
    expect(shown()).toEqual([]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(shown()).toEqual(['quick', 'quicker', 'quickest']);
  });

  test('it shows why a message was refused, and sends the next one all the same', async () => {
    hub.welcomes();
    hub.refusal = { code: 'invalid', message: 'Too long.' };
    chat.send('x');
    await settled();
    hub.refusal = null;
    chat.send('y');
    await settled();
    expect(chat.outbox.map((entry) => [entry.state, entry.problem])).toEqual([['failed', 'Too long.']]);
    expect(shown()).toEqual(['y']);
    chat.retry(chat.outbox[0]!.client_id);
    await settled();
    expect(shown()).toEqual(['y', 'x']);
  });

  test('a discarded message does not come back', async () => {
    hub.welcomes();
    hub.refusal = { code: 'invalid', message: '' };
    chat.send('x');
    await settled();
    chat.discard(chat.outbox[0]!.client_id);
    reload();
    expect(waiting()).toEqual([]);
  });

  test('it sends nothing of spaces alone', async () => {
    hub.welcomes();
    chat.send('  \n ');
    await settled();
    expect(hub.sent()).toEqual([]);
  });
});

describe('the department of the first message', () => {
  test('it is sent before the message, again on each connection, and can be removed', async () => {
    hub.welcomes();
    chat.choose('Returns');
    hub.loses();
    chat.send('wrong size');
    hub.welcomes();
    await settled();
    const requested = hub.requests.map((request) => request.name).filter((name) => name !== 'sync');
    expect(requested).toEqual(['prechat.submit', 'prechat.submit', 'message.send']);
    expect(hub.sent('prechat.submit').at(-1)).toEqual({ department: 'Returns' });
    chat.choose('Returns');
    expect(hub.sent('prechat.submit').at(-1)).toEqual({ department: '' });
  });

  test('after a reset no department is chosen', () => {
    hub.welcomes();
    chat.choose('Returns');
    chat.reset();
    expect(chat.department).toBe('');
  });
});

describe('resuming', () => {
  test('it fills the gap of a reconnect page by page, without a double', async () => {
    hub.welcomes();
    hub.says('first');
    hub.loses();
    for (const text of ['a', 'b', 'c', 'd', 'e']) hub.stored.push(hub.message('out', text));
    hub.syncPage = 2;
    hub.welcomes({ messages: hub.stored.slice(-1) });
    await settled();
    expect(shown()).toEqual(['first', 'a', 'b', 'c', 'd', 'e']);
    expect(hub.sent('sync').map((payload) => payload['after'])).toEqual(
      [0, 2, 4].map((at) => hub.stored[at]!.id),
    );
  });

  test('it comes back to the same session after a reload', () => {
    hub.welcomes();
    hub.says('hi');
    reload();
    expect(chat.session).toBe('token-1');
    hub.welcomes();
    expect(shown()).toEqual(['hi']);
  });

  test('it puts older messages before the others and stops where there are no more', async () => {
    hub.history = [hub.message('in', 'old')];
    hub.stored.push(hub.message('in', 'new'));
    hub.welcomes({ more: true });
    expect(chat.hasEarlier).toBe(true);
    await chat.loadEarlier();
    expect(shown()).toEqual(['old', 'new']);
    expect(chat.hasEarlier).toBe(false);
  });

  test('it shows the newer version of a message that was edited', () => {
    hub.welcomes();
    const message = hub.says('tomorow');
    hub.emits('message.updated', {
      message: { ...message, text: 'tomorrow' },
      conversation: conversation(),
    });
    expect(shown()).toEqual(['tomorrow']);
  });
});

describe('the session and its contact', () => {
  test('no message of an earlier visitor is shown when the server does not know the session', async () => {
    hub.welcomes();
    hub.says('for the first visitor only');
    hub.loses();
    hub.session = 'token-2';
    hub.stored.length = 0;
    hub.welcomes();
    await settled();
    expect(shown()).toEqual([]);
    expect(chat.session).toBe('token-2');
  });

  test('an unsent message of an earlier visitor is not sent as another contact', async () => {
    hub.welcomes();
    hub.loses();
    chat.send('of the first visitor');
    reload();
    hub.contact = contact('2');
    hub.session = 'token-2';
    hub.welcomes();
    await settled();
    expect(hub.sent()).toEqual([]);
    expect(waiting()).toEqual([]);
    expect([...hub.store.entries.values()].join()).not.toContain('of the first visitor');
  });

  test('a message typed on this page is still sent when its session has expired', async () => {
    hub.welcomes();
    hub.loses();
    chat.send('still here');
    hub.contact = contact('2');
    hub.session = 'token-2';
    hub.welcomes();
    await settled();
    expect(shown()).toEqual(['still here']);
  });

  test('a visitor who has said nothing yet keeps the session over reload and reconnect', async () => {
    hub.welcomes();
    chat.send('first words');
    await settled();
    hub.contact = contact('9');
    hub.loses();
    hub.welcomes();
    expect(shown()).toEqual(['first words']);
    reload();
    hub.welcomes();
    expect(shown()).toEqual(['first words']);
  });

  test('a new token for the same person keeps the thread', async () => {
    hub.contact = contact('9');
    hub.welcomes();
    hub.says('hi');
    hub.session = 'token-2';
    hub.welcomes();
    await settled();
    expect(shown()).toEqual(['hi']);
    expect(chat.session).toBe('token-2');
  });

  test('a refused session is dropped and a new one asked for', () => {
    hub.welcomes();
    hub.says('hi');
    hub.refuses('session_unknown');
    expect(chat.session).toBeNull();
    expect(shown()).toEqual([]);
    expect(hub.connects).toBe(1);
  });

  test('a server that refuses for a while keeps the session', async () => {
    hub.welcomes();
    hub.refuses('limit_exceeded');
    expect(chat.session).toBe('token-1');
    await vi.advanceTimersByTimeAsync(31_000);
    expect(hub.connects).toBe(1);
  });

  test('after sign-out on the site nothing is left in the browser', () => {
    hub.welcomes();
    hub.says('private');
    hub.loses();
    chat.send('unsent');
    chat.reset();
    expect(shown()).toEqual([]);
    expect(waiting()).toEqual([]);
    expect(hub.store.entries.size).toBe(0);
  });

  test('a message typed before the connection is not sent as the next customer', async () => {
    chat.identify({ id: 'first', user_hash: 'x' });
    chat.send('a secret of the first');
    chat.identify({ id: 'first', user_hash: 'x' });
    expect(waiting()).toEqual(['a secret of the first']);
    const claims = btoa(JSON.stringify({ sub: 'second' }));
    chat.identify(`header.${claims}.signature`);
    reload();
    hub.welcomes();
    await settled();
    expect(waiting()).toEqual([]);
    expect(hub.sent()).toEqual([]);
  });

  test('another contact who signs in on a live connection starts with an empty timeline', async () => {
    hub.welcomes();
    hub.says('for the one before');
    chat.identify({ id: '42', user_hash: 'ab' });
    hub.welcomes({ contact: contact('2'), session: 'token-2', messages: [] });
    expect(shown()).toEqual([]);
    hub.welcomes({ contact: contact('2'), session: 'token-2', messages: [] });
    await settled();
    expect(hub.sent('identify')).toHaveLength(1);
  });

  test('the identity is sent with the connection, and not again', async () => {
    chat.identify('jwt');
    expect(chat.introduction()).toEqual({ identity: 'jwt' });
    hub.welcomes();
    await settled();
    expect(hub.sent('identify')).toEqual([]);
  });

  test('an identity that the hub refuses is dropped, and the chat goes on without', () => {
    chat.identify('jwt');
    chat.introduction();
    const before = hub.connects;
    hub.refuses('identity_expired');
    expect(hub.connects).toBe(before + 1);
    expect(chat.introduction()).toEqual({});
    hub.refuses('identity_required');
    expect(chat.identityProblem).toBe('identity_expired');
    chat.identify('newer');
    expect(hub.connects).toBe(before + 2);
    hub.welcomes();
    expect(chat.identityProblem).toBeNull();
  });

  test('notes and events are never shown', () => {
    hub.welcomes({
      messages: [
        hub.message('out', 'between us', { type: 'note' }),
        hub.message('out', '', { type: 'event', event: { name: 'contact.linked' } }),
        hub.message('out', 'to the customer'),
      ],
    });
    expect(chat.messages.map((message) => message.text)).toEqual(['to the customer']);
  });
});

describe('receiving', () => {
  test('after a gap that the server tells of it asks for what it missed, and shows each message once', async () => {
    hub.welcomes();
    const known = hub.says('known');
    const missed = hub.message('out', 'missed');
    hub.stored.push(missed);
    hub.emits('resync', {});
    await settled();
    expect(hub.sent('sync')).toEqual([{ after: known.id }]);
    expect(chat.messages.map((message) => message.text)).toEqual(['known', 'missed']);
    hub.welcomes();
    await settled();
    expect(chat.messages.map((message) => message.text)).toEqual(['known', 'missed']);
  });

  test('it acknowledges each message, which is how the hub knows it was delivered', () => {
    const confirm = vi.fn();
    hub.welcomes();
    hub.says('hi', confirm);
    expect(confirm).toHaveBeenCalledOnce();
  });

  test('unread messages are counted until they are seen', async () => {
    hub.welcomes();
    hub.says('one');
    const last = hub.says('two');
    expect(chat.unread).toBe(2);
    chat.seen();
    await settled();
    expect(chat.unread).toBe(0);
    expect(hub.sent('read')).toEqual([{ message_id: last.id }]);
    chat.seen();
    expect(hub.sent('read')).toHaveLength(1);
  });

  test('read messages stay read after a reload', () => {
    hub.welcomes();
    hub.says('one');
    chat.seen();
    reload();
    hub.welcomes();
    expect(chat.unread).toBe(0);
    hub.says('two');
    expect(chat.unread).toBe(1);
  });

  test('the agent stops typing after six seconds, or with the message', async () => {
    const typing = { conversation_id: '7', author: { type: 'agent', id: null, name: 'Ada' }, on: true };
    hub.welcomes();
    hub.emits('typing', typing);
    expect(chat.typist).toBe('Ada');
    await vi.advanceTimersByTimeAsync(6_000);
    expect(chat.typist).toBeNull();
    hub.emits('typing', typing);
    hub.says('there');
    expect(chat.typist).toBeNull();
  });

  test('it tells of typing now and then, not at every key', async () => {
    hub.welcomes();
    for (const text of ['h', 'he', 'hel']) chat.typed(text);
    expect(hub.emitted).toEqual([{ name: 'typing', payload: { on: true } }]);
    await vi.advanceTimersByTimeAsync(3_000);
    chat.typed('hell');
    await vi.advanceTimersByTimeAsync(6_000);
    expect(hub.emitted.map((event) => event.payload['on'])).toEqual([true, true, false]);
  });

  test('the place in the queue goes away when an agent takes the conversation', () => {
    hub.welcomes({ queue: { position: 3, wait_seconds: 120 } });
    expect(chat.queue?.position).toBe(3);
    const ada = { id: '1', name: 'Ada', email: '', role: 'agent' as const, presence: 'online' as const, avatar_url: '' };
    hub.emits('conversation.updated', { conversation: conversation({ assignee: ada }) });
    expect(chat.queue).toBeNull();
    expect(chat.agent?.name).toBe('Ada');
  });

  test('it knows that the conversation was closed and that it goes on', () => {
    hub.welcomes();
    hub.emits('conversation.updated', { conversation: conversation({ status: 'resolved' }) });
    expect(chat.isResolved).toBe(true);
    hub.emits('conversation.updated', { conversation: conversation({ status: 'open' }) });
    expect(chat.isResolved).toBe(false);
  });
});
