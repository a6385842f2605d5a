import { beforeEach, expect, test, vi } from 'vitest';
import type { DraftBody } from '$shared/api';
import type { Connector, ContactAddress, Message } from '$shared/types';
import { ApiError } from '$shared/http';
import { address, connector, conversation, fakeApi, mari, message, page, sofia } from '../testing/samples';
import { MentionNames } from '../mentions/mention-names.svelte';
import { Composer } from './composer-state.svelte';
import { Drafts } from './drafts.svelte';
import { Details } from '../details/details.svelte';
import { Directory } from '../names/directory.svelte';
import { Outbox } from './outbox.svelte';
import { Session } from '../session/session.svelte';
import { Timeline } from '../thread/timeline-state.svelte';

const telegram = address({ address: 'telegram:1', connector: 'telegram', kind: 'telegram' });

beforeEach(() => localStorage.clear());

interface Scene {
  addresses?: ContactAddress[];
  messages?: Message[];
  connectors?: Connector[];
  /** When the server answers with the messages and the addresses. */
  ready?: Promise<void>;
  isAwaited?: boolean;
  settings?: { undoSeconds: number; asksIfNew: boolean };
}

async function scene({ ready = Promise.resolve(), addresses = [address(), telegram], messages = [message()], connectors = [connector('sms', { text_unit: 'sms_segments', text_limit: 160, max_text: 1600 }), connector('telegram')], isAwaited = true, settings = { undoSeconds: 0, asksIfNew: false } }: Scene = {}) {
  const send = vi.fn(async (_id: string, body: { text: string; client_id: string }) => message({ direction: 'out', ...body }));
  const api = fakeApi({
    session: async () => ({ agent: mari, csrf_token: '' }),
    timeline: () => ready.then(() => page(messages)),
    addresses: () => ready.then(() => page(addresses)),
    links: () => page([]),
    suggestions: () => page([]),
    contact: async () => sofia,
    agents: () => page([mari]),
    connectors: () => page(connectors),
    send,
    draft: async () => ({ id: null, conversation_id: '100', type: 'reply', text: '', connector: null, attachments: [], subject: '', cc: null, bcc: [], format: 'plain', mentions: [], reply_to: null, address: '', contact_id: null, version: 0, updated_at: null }),
    saveDraft: async (conversation_id: string, type: 'reply' | 'note', body: DraftBody) => ({ ...body, id: '1', conversation_id, type, attachments: [], version: body.version + 1 }),
  });
  const session = new Session(api);
  const timeline = new Timeline(api);
  const details = new Details(api);
  const directory = new Directory(api);
  const outbox = new Outbox(api, session, (sent) => timeline.applyMessage(sent));
  const sendTyping = vi.fn();
  const onresolved = vi.fn();
  const drafts = new Drafts(api, session);
  const composer = new Composer({ api, timeline, details, directory, outbox, drafts, sendTyping, mentionNames: new MentionNames({ get: async () => ({ items: [{ id: '5', name: 'Ladu' }], next: null }) as never }, directory), conversations: { get: () => null }, settings, agentId: () => mari.id, onresolved });
  const opened = Promise.all([details.open(conversation()), timeline.open(conversation())]);
  await Promise.all([session.resume(), directory.load(), isAwaited ? opened : null]);
  composer.open(conversation());
  return { composer, drafts, outbox, onresolved, timeline, send, sendTyping, opened };
}

test('a reply goes to the address that the customer used last', async () => {
  const { composer, send } = await scene({ messages: [message({ connector: 'telegram', address: 'telegram:1', kind: 'telegram' })] });
  composer.write('Hello');
  await composer.send();
  expect(send).toHaveBeenCalledWith('100', expect.objectContaining({ text: 'Hello', type: 'message', connector: 'telegram' }));
});

test('a reply that is sent before the timeline is loaded leaves at once, to the customer’s last address', async () => {
  let arrive = () => {};
  const ready = new Promise<void>((resolve) => (arrive = resolve));
  const { composer, send, opened } = await scene({ ready, isAwaited: false });
  for (const text of ['Hello', 'Are you there?']) {
    composer.write(text);
    expect(composer.obstacle).toBe('');
    await composer.send();
    expect(composer.text).toBe('');
  }
  expect(send.mock.calls.map(([, body]) => body.text)).toEqual(['Hello', 'Are you there?']);
  // The server knows the customer’s last address; this screen does not yet.
  for (const [, body] of send.mock.calls) expect(body).toMatchObject({ type: 'message' });
  for (const [, body] of send.mock.calls) expect(body).not.toHaveProperty('connector');
  arrive();
  await opened;
  composer.write('Now it is known');
  await composer.send();
  expect(send).toHaveBeenLastCalledWith('100', expect.objectContaining({ connector: 'sms' }));
});

test('no address is chosen while the timeline loads', async () => {
  const { composer, timeline } = await scene({ addresses: [telegram, address()] });
  timeline.close();
  expect(composer.address).toBeNull();
  await timeline.open(conversation());
  expect(composer.address?.connector).toBe('sms');
});

test('the agent can choose another address, and the composer says so', async () => {
  const { composer, send } = await scene();
  expect(composer.isOtherAddress).toBe(false);
  composer.chooseAddress(telegram);
  expect(composer.isOtherAddress).toBe(true);
  composer.write('Hello');
  await composer.send();
  expect(send).toHaveBeenCalledWith('100', expect.objectContaining({ connector: 'telegram' }));
});

test('a note names no channel', async () => {
  const { composer, send } = await scene();
  composer.setMode('note');
  composer.write('For us');
  await composer.send();
  const body = send.mock.calls[0]?.[1];
  expect(body).toMatchObject({ type: 'note', text: 'For us' });
  expect(body).not.toHaveProperty('connector');
});

test('nothing is sent to an unreachable address, and the reason is shown', async () => {
  const { composer } = await scene({ addresses: [address({ reachable: false, reason: 'They said STOP.' })] });
  composer.write('Hello');
  expect(composer.obstacle).toBe('They said STOP.');
  expect(composer.canSend).toBe(false);
});

test('a closed reply window stops the reply', async () => {
  const past = '2025-01-01T00:00:00Z';
  const { composer } = await scene({ addresses: [address({ window_closes_at: past, human_window_closes_at: past })] });
  composer.write('Hello');
  expect(composer.window.state).toBe('closed');
  expect(composer.canSend).toBe(false);
});

test('a reply may go when the window has closed and there is a fallback', async () => {
  const past = '2025-01-01T00:00:00Z';
  const fallback = { connector: 'telegram', kind: 'telegram', address: 'telegram:1' };
  const { composer } = await scene({ addresses: [address({ window_closes_at: past, human_window_closes_at: past, fallback })] });
  composer.write('Hello');
  expect(composer.obstacle).toBe('');
  expect(composer.forecast?.text).toContain('Telegram');
  expect(composer.canSend).toBe(true);
});

test('between a day and a week the reply goes as a person’s answer', async () => {
  const future = new Date(Date.now() + 86_400_000).toISOString();
  const { composer } = await scene({ addresses: [address({ window_closes_at: '2025-01-01T00:00:00Z', human_window_closes_at: future })] });
  composer.write('Hello');
  expect(composer.window.state).toBe('human');
  expect(composer.canSend).toBe(true);
});

test('an SMS is counted in segments', async () => {
  const { composer } = await scene();
  composer.write('a'.repeat(161));
  expect(composer.textUse).toMatchObject({ parts: 2, left: 145 });
});

test('a text over the channel’s limit cannot be sent', async () => {
  const { composer } = await scene();
  composer.write('a'.repeat(1601));
  expect(composer.canSend).toBe(false);
});

test('a draft waits in its conversation until it is sent', async () => {
  const { composer } = await scene();
  composer.write('Half a sent');
  composer.open(conversation({ id: '200' }));
  expect(composer.text).toBe('');
  composer.open(conversation());
  expect(composer.text).toBe('Half a sent');
  await composer.send();
  composer.open(conversation({ id: '200' }));
  composer.open(conversation());
  expect(composer.text).toBe('');
});

test('typing is sent once, not with every letter, and never for a note', async () => {
  const { composer, sendTyping } = await scene();
  composer.write('H');
  composer.write('He');
  expect(sendTyping).toHaveBeenCalledExactlyOnceWith('100', true);
  composer.setMode('note');
  expect(sendTyping).toHaveBeenLastCalledWith('100', false);
  composer.write('secret');
  expect(sendTyping).toHaveBeenCalledTimes(2);
});

test('an inserted text comes after the written one, as a reply', async () => {
  const { composer } = await scene();
  composer.write('See you there: ');
  composer.setMode('note');
  composer.insert('https://t.me/bot');
  expect([composer.mode, composer.text]).toEqual(['reply', 'See you there:\nhttps://t.me/bot']);
});

test('a draft moves to the conversation into which its own was merged', async () => {
  const { composer, drafts } = await scene();
  composer.write('Half a sent');
  drafts.move('100', '200');
  composer.open(conversation({ id: '200' }));
  expect(composer.text).toBe('Half a sent');
  composer.write('Another');
  composer.open(conversation());
  expect(composer.text).toBe('');
  composer.write('First');
  drafts.move('100', '200');
  expect(drafts.textOf('200')).toBe('Another');
});

test('a note and a reply are apart, and neither leaves as the other', async () => {
  const { composer, send } = await scene();
  composer.setMode('note');
  composer.write('She is angry');
  composer.setMode('reply');
  expect([composer.text, composer.canSend]).toEqual(['', false]);
  composer.write('Good morning');
  await composer.send();
  expect(send).toHaveBeenCalledExactlyOnceWith('100', expect.objectContaining({ text: 'Good morning', type: 'message' }));
  composer.setMode('note');
  expect(composer.text).toBe('She is angry');
  composer.open(conversation({ id: '200' }));
  expect([composer.mode, composer.text]).toEqual(['reply', '']);
});

test('a message names the version of the draft that it was', async () => {
  const { composer, drafts, send } = await scene();
  drafts.slot('100', 'reply').receive({ id: '1', conversation_id: '100', type: 'reply', text: 'Good', connector: null, attachments: [], subject: '', cc: null, bcc: [], format: 'plain', mentions: [], reply_to: null, address: '', contact_id: null, version: 7, updated_at: null });
  composer.write('Good morning');
  await composer.send();
  expect(send).toHaveBeenCalledWith('100', expect.objectContaining({ draft_version: 7 }));
});

test('white space alone is no message', async () => {
  const { composer } = await scene();
  composer.write('  \n ');
  expect(composer.canSend).toBe(false);
});

const asking = { undoSeconds: 0, asksIfNew: true };

test.each([
  ['the customer wrote', message()],
  ['a colleague answered', message({ direction: 'out', author: { type: 'agent', id: '2', name: 'Zoe' } })],
])('when %s meanwhile, the first Enter shows it and asks, and the second sends', async (_what, arrival) => {
  const { composer, send, timeline } = await scene({ settings: asking });
  composer.write('My answer');
  timeline.applyMessage({ ...arrival, id: '5000' });
  await composer.send();
  expect(send).not.toHaveBeenCalled();
  expect([composer.unseen.map(({ id }) => id), composer.text]).toEqual([['5000'], 'My answer']);
  await composer.send();
  expect(send).toHaveBeenCalledExactlyOnceWith('100', expect.objectContaining({ text: 'My answer', seen_message_id: '5000' }));
  expect(composer.unseen).toEqual([]);
});

test('what came in before the agent began, their own answers and notes ask nothing', async () => {
  const { composer, send, timeline } = await scene({ settings: asking });
  timeline.applyMessage(message({ id: '5000' }));
  composer.write('My answer');
  timeline.applyMessage(message({ id: '5001', direction: 'out', author: { type: 'agent', id: mari.id, name: 'Mari' } }));
  timeline.applyMessage(message({ id: '5002', type: 'note', direction: 'out', author: { type: 'agent', id: '2', name: 'Zoe' } }));
  await composer.send();
  expect(send).toHaveBeenCalledOnce();
});

test('an agent who does not want to be asked is not', async () => {
  const { composer, send, timeline } = await scene();
  composer.write('My answer');
  timeline.applyMessage(message({ id: '5000' }));
  await composer.send();
  expect(send.mock.calls[0]?.[1]).not.toHaveProperty('seen_message_id');
});

test('an answer that the server stopped is in the composer again, with what came in', async () => {
  const { composer, send, outbox, timeline } = await scene({ settings: asking });
  const unseen = message({ id: '6000', text: 'No: green' });
  send.mockRejectedValueOnce(new ApiError({ status: 409, code: 'conflict', message: unseen }));
  outbox.onRemoved = (id) => timeline.remove(id);
  outbox.onStopped = (stopped, files, id, newer) => composer.takeStopped(stopped.text, files, id, 'reply', newer);
  composer.write('Red it is');
  await composer.send();
  expect([composer.text, composer.unseen.map(({ id }) => id)]).toEqual(['Red it is', ['6000']]);
  expect(timeline.messages.filter(({ direction }) => direction === 'out')).toEqual([]);
});

test('a message can be undone for the time that its agent chose, a planned one and a note leave it out', async () => {
  const { composer, send } = await scene({ settings: { undoSeconds: 10, asksIfNew: false } });
  composer.write('One');
  await composer.send();
  composer.write('Two');
  await composer.send({ later: { send_at: '2027-01-01T09:00:00+02:00', zone: 'Europe/Tallinn', send_anyway: false } });
  composer.setMode('note');
  composer.write('Three');
  await composer.send();
  const [one, two, three] = send.mock.calls.map(([, body]) => body);
  expect(one).toMatchObject({ undo_seconds: 10 });
  expect(two).toMatchObject({ send_at: '2027-01-01T09:00:00+02:00', zone: 'Europe/Tallinn', send_anyway: false });
  expect(two).not.toHaveProperty('undo_seconds');
  expect(three).not.toHaveProperty('undo_seconds');
});

test('one key sends and resolves, and the next conversation opens', async () => {
  const { composer, send, onresolved } = await scene();
  composer.write('Done.');
  await composer.send({ resolves: true });
  expect(send).toHaveBeenCalledWith('100', expect.objectContaining({ resolve: true }));
  expect(onresolved).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ id: '100' }));
});
