import { describe, expect, test, vi } from 'vitest';
import { ApiError } from '$shared/http';
import type { Attachment } from '$shared/types';
import { Bridge } from './page/embed-bridge';
import { FakeHub, store } from './testing/fake-hub';
import { chooseLocale } from './page/locale';
import { browserStore, Memory } from './session/memory';
import { inkOn, settingsOf } from './page/settings';
import { rows } from './thread/timeline';
import { Uploads } from './composer/uploads.svelte';

describe('the memory of this browser', () => {
  test('two tabs add to one outbox without losing what the other wrote', () => {
    const common = store();
    const [one, other] = [new Memory('website', common), new Memory('website', common)];
    const kept = (id: string) => ({ client_id: id, text: id, attachments: [], reply_to: null, created_at: '' });
    one.keep(kept('a'));
    other.keep(kept('b'));
    one.drop('a');
    expect(other.outbox.map((entry) => entry.client_id)).toEqual(['b']);
  });

  test('two connectors do not know each other', () => {
    const common = store();
    new Memory('website', common).welcome('secret', '1');
    expect(new Memory('other', common).session).toBeNull();
  });

  test('a storage that the browser refuses lasts as long as the page', () => {
    const refused = vi.spyOn(window, 'localStorage', 'get').mockImplementation(() => {
      throw new DOMException('denied', 'SecurityError');
    });
    const memory = new Memory('website', browserStore());
    memory.welcome('token', '1');
    expect(memory.session).toBe('token');
    refused.mockRestore();
  });

  test('a record that is not ours is taken as none', () => {
    const broken = store();
    broken.setItem('hub.chat.website', '{"session"');
    expect(new Memory('website', broken).session).toBeNull();
  });
});

describe('the line to the embedding page', () => {
  const page = { url: 'https://shop.example/boots', title: 'Boots', referrer: '' };

  function embedded() {
    const parent = { postMessage: vi.fn() };
    const own = Object.assign(new EventTarget(), { parent }) as unknown as Window;
    const handler: string[] = [];
    const bridge = new Bridge(own, (message) => handler.push(message.hub));
    const post = (data: unknown, origin = 'https://shop.example', source: unknown = parent) =>
      own.dispatchEvent(Object.assign(new Event('message'), { data, origin, source }));
    return { bridge, handler, post, parent };
  }

  test('it hears the embedding page and answers to its exact origin', () => {
    const { bridge, handler, post, parent } = embedded();
    post({ hub: 'page', open: true, page });
    bridge.tell({ hub: 'unread', count: 2 });
    expect(handler).toEqual(['page']);
    expect(bridge.page?.url).toBe(page.url);
    expect(parent.postMessage).toHaveBeenCalledWith({ hub: 'unread', count: 2 }, 'https://shop.example');
  });

  test('it says nothing before it knows to whom', () => {
    const { bridge, parent } = embedded();
    bridge.tell({ hub: 'close' });
    expect(parent.postMessage).not.toHaveBeenCalled();
  });

  test('it drops messages of other windows, of other origins and of other forms', () => {
    const { handler, post } = embedded();
    post({ hub: 'page', open: true, page }, 'https://evil.example', { postMessage: vi.fn() });
    post({ hub: 'page', open: true, page });
    post({ hub: 'reset' }, 'https://evil.example');
    for (const odd of [null, 'open', 7, {}, { hub: 'explode' }, { hub: ['open'] }]) post(odd);
    expect(handler).toEqual(['page']);
  });

  test('it gives what came early to whoever listens late', () => {
    const { bridge, post } = embedded();
    post({ hub: 'page', open: false, page });
    post({ hub: 'identify', identity: 'jwt' });
    const handler: unknown[] = [];
    bridge.listen((message) => handler.push(message.hub));
    post({ hub: 'close' });
    expect(handler).toEqual(['page', 'identify', 'close']);
  });

  test('a page that sends odd things as its address is taken as one without', () => {
    const { bridge, post } = embedded();
    post({ hub: 'page', open: true, page: { url: { a: 1 }, title: 5, color: 'red; x' } });
    expect(bridge.page).toMatchObject({ url: '', title: '', referrer: '' });
  });
});

describe('files in the composer', () => {
  const file = (name: string, size = 3) => new File(['x'.repeat(size)], name, { type: 'text/plain' });
  const stored = (name: string) => ({ id: name, name }) as Attachment;

  test('it uploads each file at once and has it ready for the message', async () => {
    const uploads = new Uploads(async (one) => stored(one.name), null, 5);
    uploads.add([file('a'), file('b')]);
    expect(uploads.isBusy).toBe(true);
    await vi.waitFor(() => expect(uploads.isBusy).toBe(false));
    expect(uploads.ready.map((one) => one.id)).toEqual(['a', 'b']);
  });

  test('a file over the limit is refused before a byte of it leaves', () => {
    const send = vi.fn();
    const uploads = new Uploads(send, 10, 5);
    uploads.add([file('big', 11)]);
    expect(uploads.items[0]?.problem).toBe('too_large');
    expect(send).not.toHaveBeenCalled();
  });

  test('a broken upload can be tried again', async () => {
    let tries = 0;
    const uploads = new Uploads(
      async (one) => {
        if (tries++ === 0) throw new ApiError({ status: 0 });
        return stored(one.name);
      },
      null,
      5,
    );
    uploads.add([file('a')]);
    await vi.waitFor(() => expect(uploads.items[0]?.problem).toBe('failed'));
    uploads.again(uploads.items[0]!.key);
    await vi.waitFor(() => expect(uploads.ready).toHaveLength(1));
  });

  test('the server’s word about size is the last one', async () => {
    const uploads = new Uploads(() => Promise.reject(new ApiError({ status: 413 })), null, 5);
    uploads.add([file('a')]);
    await vi.waitFor(() => expect(uploads.items[0]?.problem).toBe('too_large'));
  });

  test('more files than one message takes are left out, and that is said', () => {
    const uploads = new Uploads(() => new Promise(() => {}), null, 2);
    uploads.add([file('a'), file('b'), file('c')]);
    expect(uploads.items).toHaveLength(2);
    expect(uploads.isFull).toBe(true);
  });
});

describe('the look of the thread', () => {
  const hub = new FakeHub();

  test('a run of one author within minutes has one face and one time', () => {
    const thread = rows([hub.message('out', 'a'), hub.message('out', 'b'), hub.message('in', 'c')]);
    expect(thread.map((row) => [row.startsRun, row.endsRun])).toEqual([
      [true, false],
      [false, true],
      [true, true],
    ]);
  });

  test('a new day starts with a divider', () => {
    const next = hub.message('in', 'b', { created_at: '2026-01-07T12:00:00Z' });
    expect(rows([hub.message('in', 'a'), next]).map((row) => row.startsDay)).toEqual([true, true]);
  });

  test('the words on the company’s colour can be read', () => {
    expect(inkOn('#2f5bea')).toBe('#ffffff');
    expect(inkOn('#f5c518')).toBe('#14161c');
  });

  test('it speaks the first language it is asked for and may setLocale', () => {
    expect(chooseLocale(['xx', 'ar-EG', 'en'])).toBe('ar');
    expect(chooseLocale(['ar-EG'], ['en'])).toBe('en');
    expect(chooseLocale(['xx'], ['ar', 'en'])).toBe('ar');
    expect(chooseLocale([undefined])).toBe('en');
  });

  test('settings that a server does not send have working defaults', () => {
    expect(settingsOf('website', { color: 'red', title: null })).toMatchObject({
      color: '#2f5bea',
      title: '',
      online: true,
      maxBytes: null,
    });
  });
});
