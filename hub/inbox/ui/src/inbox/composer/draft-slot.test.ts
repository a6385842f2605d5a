import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DraftBody } from '$shared/api';
import { ApiError } from '$shared/http';
import type { Attachment, Draft } from '$shared/types';
import { fakeApi } from '../testing/samples';
import { DraftSlot, storedPlaces } from './draft-slot.svelte';

const place = { agentId: '1', conversationId: '100', mode: 'reply' } as const;
const file: Attachment = { id: '5', name: 'a.txt', media_type: 'text/plain', size: 1, width: null, height: null, url: '/a', state: 'stored', medium: 'file', reason: '' };

beforeEach(() => {
  localStorage.clear();
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

/** The server's draft: as strict about versions as the hub. */
function server() {
  const state = { text: '', version: 0, files: [] as Attachment[], isAway: false, saves: [] as string[], hold: Promise.resolve() };
  const draft = (): Draft => ({
    id: '9', conversation_id: '100', type: 'reply', text: state.text, connector: null, attachments: state.files, subject: '', cc: null, bcc: [],
    format: 'plain', mentions: [], reply_to: null, address: '', contact_id: null, version: state.version, updated_at: null,
  });
  const put = (text: string): Draft => {
    state.text = text;
    state.version += 1;
    return draft();
  };
  const saveDraft = async (_id: string, _type: string, body: DraftBody) => {
    await state.hold;
    if (state.isAway) throw new ApiError({ status: 0 });
    if (body.version !== state.version) throw new ApiError({ status: 409, code: 'conflict', draft: draft() });
    state.saves.push(body.text);
    state.files = body.attachments.map((id) => ({ ...file, id }));
    return put(body.text);
  };
  const getDraft = async () => {
    if (state.isAway) throw new ApiError({ status: 0 });
    return draft();
  };
  return { state, draft, put, screen: () => new DraftSlot(fakeApi({ saveDraft, draft: getDraft }), place) };
}

const pause = () => vi.advanceTimersByTimeAsync(600);

test('a draft is saved after a pause, not with every letter', async () => {
  const hub = server();
  const screen = hub.screen();
  for (const text of ['H', 'He', 'Hel']) screen.change({ text });
  expect(hub.state.saves).toEqual([]);
  await pause();
  screen.change({ text: 'Hello' });
  await pause();
  expect(hub.state.saves).toEqual(['Hel', 'Hello']);
});

test('an agent who types on without a pause is saved all the same', async () => {
  const hub = server();
  const screen = hub.screen();
  for (let letters = 1; letters <= 12; letters += 1) {
    screen.change({ text: 'x'.repeat(letters) });
    await vi.advanceTimersByTimeAsync(300);
  }
  expect(hub.state.saves.length).toBeGreaterThan(0);
});

test('leaving saves at once', async () => {
  const hub = server();
  const screen = hub.screen();
  screen.change({ text: 'Hello' });
  screen.flush();
  await vi.advanceTimersByTimeAsync(0);
  expect(hub.state.saves).toEqual(['Hello']);
});

test('the words of the other screen show here while these are untouched', async () => {
  const hub = server();
  const [left, right] = [hub.screen(), hub.screen()];
  left.change({ text: 'Hello' });
  await pause();
  right.receive(hub.draft());
  expect([right.content.text, right.other]).toEqual(['Hello', null]);
  right.change({ text: 'Hello Anna' });
  await pause();
  left.receive(hub.draft());
  expect([left.content.text, left.other]).toEqual(['Hello Anna', null]);
});

test('words on both screens are both shown, and nothing is overwritten before a choice', async () => {
  const hub = server();
  const [left, right] = [hub.screen(), hub.screen()];
  left.change({ text: 'from left' });
  await pause();
  right.change({ text: 'from right' });
  await pause();
  expect([right.content.text, right.other?.text, hub.state.text]).toEqual(['from right', 'from left', 'from left']);
  right.change({ text: 'from right, more' });
  await pause();
  expect(hub.state.text).toBe('from left');
  right.resolve('mine');
  await pause();
  expect([hub.state.text, right.other]).toEqual(['from right, more', null]);
});

test.each([
  ['theirs', 'from left'],
  ['both', 'from right\n\nfrom left'],
] as const)('a choice of %s is kept and saved', async (choice, text) => {
  const hub = server();
  const right = hub.screen();
  hub.put('from left');
  right.change({ text: 'from right' });
  await pause();
  right.resolve(choice);
  await pause();
  expect([right.content.text, hub.state.text, right.other]).toEqual([text, text, null]);
});

test('sending empties both screens, and a save under way brings nothing back', async () => {
  const hub = server();
  const [left, right] = [hub.screen(), hub.screen()];
  left.change({ text: 'Hello' });
  await pause();
  right.receive(hub.draft());
  let go = () => {};
  hub.state.hold = new Promise((resolve) => (go = resolve));
  left.change({ text: 'Hello!' });
  await pause();
  left.sent({ isClearedByServer: true });
  right.receive(hub.put(''));
  go();
  await pause();
  await pause();
  expect([left.content.text, right.content.text, hub.state.text, left.other, right.other]).toEqual(['', '', '', null, null]);
});

test('a save that overtook the message is cleared after it', async () => {
  const hub = server();
  const screen = hub.screen();
  let go = () => {};
  hub.state.hold = new Promise((resolve) => (go = resolve));
  screen.change({ text: 'Hel' });
  await pause();
  screen.change({ text: 'Hello' });
  screen.sent({ isClearedByServer: true });
  go();
  await pause();
  await pause();
  expect([screen.content.text, hub.state.text]).toEqual(['', '']);
});

test('words typed after a send stay, on this screen and on the server', async () => {
  const hub = server();
  const screen = hub.screen();
  screen.change({ text: 'First' });
  await pause();
  screen.sent({ isClearedByServer: true });
  screen.change({ text: 'Second' });
  screen.receive(hub.put(''));
  await pause();
  expect([screen.content.text, screen.other, hub.state.text]).toEqual(['Second', null, 'Second']);
});

test('a draft sent on the other screen leaves the words that were added here', async () => {
  const hub = server();
  const screen = hub.screen();
  screen.receive(hub.put('Hello'));
  screen.change({ text: 'Hello Anna, about your order' });
  screen.receive(hub.put(''));
  await pause();
  expect([screen.content.text, screen.other]).toEqual(['Hello Anna, about your order', null]);
});

test('what could not be saved is on this device, and is saved when the server is back', async () => {
  const hub = server();
  hub.state.isAway = true;
  hub.screen().change({ text: 'Written in a tunnel' });
  await pause();
  expect(storedPlaces('1')).toEqual([place]);
  expect(storedPlaces('2')).toEqual([]);
  const reloaded = hub.screen();
  expect(reloaded.content.text).toBe('Written in a tunnel');
  hub.state.isAway = false;
  reloaded.retry();
  await vi.advanceTimersByTimeAsync(0);
  expect([hub.state.text, storedPlaces('1')]).toEqual(['Written in a tunnel', []]);
});

test('files come back with their draft', async () => {
  const hub = server();
  const screen = hub.screen();
  screen.receive({ ...hub.put('See'), attachments: [file] });
  expect(screen.uploads.attachments).toEqual([file]);
  screen.change({ text: 'See here' });
  await pause();
  expect(hub.state.files.map(({ id }) => id)).toEqual(['5']);
});

test('another channel and its copies are no draft of their own, words are', () => {
  const screen = server().screen();
  screen.change({ choice: 'sms tel:+1' });
  expect(screen.isEmpty).toBe(true);
  screen.change({ text: 'Hi' });
  expect(screen.isEmpty).toBe(false);
});

test('the first words after a draft that was sent are saved without a refusal', async () => {
  const hub = server();
  hub.put('Hello');
  hub.put('');
  const screen = hub.screen();
  screen.change({ text: 'Again' });
  await pause();
  expect([hub.state.text, hub.state.version, screen.other]).toEqual(['Again', 3, null]);
});
