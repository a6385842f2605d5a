import { afterEach, beforeEach, describe, expect, test, vi, type MockInstance } from 'vitest';

type Hub = (command: string, detail?: unknown) => void;

const HUB = 'https://hub.example';
let root: ShadowRoot;
let posted: { data: unknown; origin: string }[];
let frameWindow: object;
let consoleErrors: MockInstance;

const page = window as unknown as { hub?: Hub & { q?: unknown[][] } };
const button = () => root.querySelector('button')!;
const frame = () => root.querySelector<HTMLIFrameElement>('x-frame');
const hub: Hub = (command, detail) => page.hub!(command, detail);

beforeEach(() => {
  vi.resetModules();
  posted = [];
  frameWindow = { postMessage: (data: unknown, origin: string) => posted.push({ data, origin }) };
  consoleErrors = vi.spyOn(console, 'error').mockImplementation(() => {});
  // An element in place of the iframe: the test loads nothing.
  const create = document.createElement.bind(document);
  vi.spyOn(document, 'createElement').mockImplementation((name: string) =>
    name === 'iframe'
      ? (Object.assign(create('x-frame'), { contentWindow: frameWindow }) as never)
      : create(name),
  );
  const attach = Element.prototype.attachShadow;
  vi.spyOn(Element.prototype, 'attachShadow').mockImplementation(function (this: Element, init) {
    return (root = attach.call(this, init));
  });
  vi.stubGlobal('requestIdleCallback', undefined);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  document.head.innerHTML = document.body.innerHTML = '';
  localStorage.clear();
  delete page.hub;
});

async function load(attributes: Record<string, string> = { connector: 'website' }): Promise<void> {
  const script = document.createElement('script');
  script.setAttribute('type', 'text/plain'); // not to be fetched by the test’s own window
  script.src = `${HUB}/widget.js`;
  Object.assign(script.dataset, attributes);
  document.head.append(script);
  await import('./loader');
}

function receive(data: unknown, origin = HUB, source: unknown = frameWindow): void {
  window.dispatchEvent(Object.assign(new Event('message'), { data, origin, source }));
}

async function idle(): Promise<void> {
  vi.spyOn(document, 'readyState', 'get').mockReturnValue('complete');
  vi.useFakeTimers();
  await load();
  await vi.runAllTimersAsync();
  vi.useRealTimers();
}

function loaded(): void {
  frame()!.onload?.(new Event('load'));
}

describe('the button on a shop’s page', () => {
  test('it opens the chat of the named connector and says so to a screen reader', async () => {
    await load();
    expect(button().getAttribute('aria-label') ?? button().ariaLabel).toBe('Open chat');
    button().click();
    expect(frame()!.src).toBe(`${HUB}/chat/website?embed=1`);
    expect(frame()!.hidden).toBe(false);
    expect(button().ariaExpanded).toBe('true');
    button().click();
    expect(frame()!.hidden).toBe(true);
  });

  test('it stands once on a page that has the script twice', async () => {
    await load();
    vi.resetModules();
    await load();
    expect(document.querySelectorAll('hub-chat')).toHaveLength(1);
  });

  test('it reports a missing connector name in the console', async () => {
    await load({});
    expect(consoleErrors).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('data-connector'));
    expect(document.querySelector('hub-chat')).toBeNull();
  });

  test.each([
    ['en', 'Open chat', 'Open chat (3 unread)', '3'],
    ['et', 'Ava vestlus', 'Ava vestlus (3 lugemata)', '3'],
    ['pl-PL', 'Otwórz czat', 'Otwórz czat (nieprzeczytane: 3)', '3'],
    ['fa', 'باز کردن گفتگو', 'باز کردن گفتگو (۳ خوانده‌نشده)', '۳'],
    ['ar-EG', 'فتح المحادثة', expect.stringMatching(/^فتح المحادثة \(غير مقروءة: [3٣]\)$/u), expect.stringMatching(/[3٣]/u)],
    ['xx', 'Open chat', 'Open chat (3 unread)', '3'],
  ])('it shows the language that is set: %s', async (locale, closed, unread, badge) => {
    await load({ connector: 'website', locale });
    expect(button().ariaLabel).toBe(closed);
    hub('open');
    hub('close');
    receive({ hub: 'unread', count: 3 });
    expect(button().ariaLabel).toEqual(unread);
    expect(root.querySelector('b')!.textContent).toEqual(badge);
  });

  test('calls made before it had loaded are not lost', async () => {
    const early = Object.assign(() => {}, { q: [['open'], ['identify', 'jwt']] });
    page.hub = early as never;
    await load();
    loaded();
    expect(frame()!.hidden).toBe(false);
    expect(posted.map((message) => (message.data as { hub: string }).hub)).toEqual(['page', 'identify']);
  });

  test('it loads nothing more until the chat is opened', async () => {
    await idle();
    expect(frame()).toBeNull();
  });

  test('it loads the chat for a customer who opened it before', async () => {
    await load();
    button().click();
    document.head.innerHTML = document.body.innerHTML = '';
    delete page.hub;
    vi.resetModules();
    await idle();
    expect(frame()!.hidden).toBe(true);
  });

  test('an element with the id hub does not keep it away', async () => {
    const element = document.createElement('div');
    element.id = 'hub';
    document.body.append(element);
    page.hub = element as never;
    await load();
    expect(document.querySelector('hub-chat')).not.toBeNull();
  });
});

describe('messages between the page and the chat', () => {
  test('the page goes to the hub’s exact origin, without its fragment', async () => {
    await load({ connector: 'website', locale: 'ar', color: '#112233', title: 'Ask us' });
    location.hash = '#token';
    hub('open');
    loaded();
    const { data, origin } = posted[0]!;
    expect(origin).toBe(HUB);
    expect(data).toMatchObject({
      hub: 'page',
      open: true,
      page: { locale: 'ar', color: '#112233', heading: 'Ask us' },
    });
    expect(JSON.stringify(data)).not.toContain('token');
  });

  test('unread messages show on the button, and are read out', async () => {
    await load();
    hub('open');
    hub('close');
    receive({ hub: 'unread', count: 3 });
    expect(root.querySelector('b')!.textContent).toBe('3');
    expect(button().ariaLabel).toBe('Open chat (3 unread)');
    receive({ hub: 'unread', count: 0 });
    expect(root.querySelector('b')!.textContent).toBe('');
  });

  test('only messages of the chat’s own window at the hub’s own origin are accepted', async () => {
    await load();
    hub('open');
    receive({ hub: 'close' }, 'https://evil.example');
    receive({ hub: 'close' }, HUB, window);
    receive({ hub: 'close' }, `${HUB}.evil.example`);
    for (const invalid of [null, 'close', { hub: 'unread', count: 'many' }, { hub: 'explode' }]) receive(invalid);
    expect(frame()!.hidden).toBe(false);
    expect(root.querySelector('b')!.textContent).toBe('');
    receive({ hub: 'close' });
    expect(frame()!.hidden).toBe(true);
  });

  test('the chat can be made larger and smaller', async () => {
    await load();
    hub('open');
    receive({ hub: 'resize', large: true });
    expect(frame()!.className).toBe('large');
    receive({ hub: 'resize', large: false });
    expect(frame()!.className).toBe('');
  });

  test('an identity is sent when the chat is opened', async () => {
    await load();
    hub('identify', 'jwt');
    expect(frame()).toBeNull();
    hub('open');
    loaded();
    expect(posted.map((message) => message.data)).toContainEqual({ hub: 'identify', identity: 'jwt' });
  });

  test('an identity from before a sign-out is not sent', async () => {
    await load();
    hub('identify', 'jwt');
    hub('reset');
    loaded();
    expect(posted.map((message) => (message.data as { hub: string }).hub)).toEqual(['page', 'reset']);
  });

  test('signing out on the site reaches the chat even when it was never opened', async () => {
    await load();
    hub('reset');
    loaded();
    expect(posted.map((message) => (message.data as { hub: string }).hub)).toEqual(['page', 'reset']);
  });
});
