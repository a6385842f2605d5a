import { describe, expect, test, vi } from 'vitest';
import { Bridge } from './embed-bridge';

describe('the bridge to the embedding page', () => {
  const page = { url: 'https://shop.example/boots', title: 'Boots', referrer: '' };

  function embedded() {
    const parent = { postMessage: vi.fn() };
    const chatWindow = Object.assign(new EventTarget(), { parent }) as unknown as Window;
    const received: string[] = [];
    const bridge = new Bridge(chatWindow, (message) => received.push(message.hub));
    const post = (data: unknown, origin = 'https://shop.example', source: unknown = parent) =>
      chatWindow.dispatchEvent(Object.assign(new Event('message'), { data, origin, source }));
    return { bridge, received, post, parent };
  }

  test('it receives from the embedding page and sends to its exact origin', () => {
    const { bridge, received, post, parent } = embedded();
    post({ hub: 'page', open: true, page });
    bridge.tell({ hub: 'unread', count: 2 });
    expect(received).toEqual(['page']);
    expect(bridge.page?.url).toBe(page.url);
    expect(parent.postMessage).toHaveBeenCalledWith({ hub: 'unread', count: 2 }, 'https://shop.example');
  });

  test('it sends nothing before it knows the origin', () => {
    const { bridge, parent } = embedded();
    bridge.tell({ hub: 'close' });
    expect(parent.postMessage).not.toHaveBeenCalled();
  });

  test('it drops messages of other windows, of other origins and of other forms', () => {
    const { received, post } = embedded();
    post({ hub: 'page', open: true, page }, 'https://evil.example', { postMessage: vi.fn() });
    post({ hub: 'page', open: true, page });
    post({ hub: 'reset' }, 'https://evil.example');
    for (const invalid of [null, 'open', 7, {}, { hub: 'explode' }, { hub: ['open'] }]) post(invalid);
    expect(received).toEqual(['page']);
  });

  test('a late listener gets the earlier messages', () => {
    const { bridge, post } = embedded();
    post({ hub: 'page', open: false, page });
    post({ hub: 'identify', identity: 'jwt' });
    const received: unknown[] = [];
    bridge.listen((message) => received.push(message.hub));
    post({ hub: 'close' });
    expect(received).toEqual(['page', 'identify', 'close']);
  });

  test('invalid fields of a page count as empty', () => {
    const { bridge, post } = embedded();
    post({ hub: 'page', open: true, page: { url: { a: 1 }, title: 5, color: 'red; x' } });
    expect(bridge.page).toMatchObject({ url: '', title: '', referrer: '' });
  });
});
