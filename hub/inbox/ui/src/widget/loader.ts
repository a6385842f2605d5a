// Puts the chat's button on the page of a site. The chat itself is an iframe of the hub's own origin, which
// is loaded when the customer opens it. The site gets no cookie, and one entry in its storage once the
// chat was opened.
import type { PageInfo, ToChat, ToPage } from './protocol';
import { styles } from './styles';

type Command = 'open' | 'close' | 'toggle' | 'identify' | 'reset';
type Api = ((command: Command, detail?: unknown) => void) & { q?: ArrayLike<unknown>[]; on?: 1 };

const MARK = 'hub-chat';

// The texts of the button (open, close), of the number of unread messages, which fits every number, and the
// title of the iframe.
const WORDS: Record<string, [string, string, string, string]> = {
  en: ['Open chat', 'Close chat', '# unread', 'Chat'],
  ar: ['فتح المحادثة', 'إغلاق المحادثة', 'غير مقروءة: #', 'المحادثة'],
  et: ['Ava vestlus', 'Sulge vestlus', '# lugemata', 'Vestlus'],
  fa: ['باز کردن گفتگو', 'بستن گفتگو', '# خوانده‌نشده', 'گفتگو'],
  pl: ['Otwórz czat', 'Zamknij czat', 'nieprzeczytane: #', 'Czat'],
};

function start(script: HTMLScriptElement, connector: string, waiting: ArrayLike<unknown>[]): Api {
  const { color, position, locale, title } = script.dataset;
  const origin = new URL(script.src).origin;
  const requested = (locale || navigator.language).slice(0, 2).toLowerCase();
  const language = WORDS[requested] ? requested : 'en';
  const [openWord, closeWord, unreadWords, chatWord] = WORDS[language]!;

  const host = document.createElement('hub-chat');
  const root = host.attachShadow({ mode: 'open' });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  root.adoptedStyleSheets = [sheet];
  place(position);

  const button = document.createElement('button');
  const badge = document.createElement('b');
  badge.ariaHidden = 'true';
  button.append(
    icon('M7.9 20A9 9 0 1 0 4 16.1L2 22Z M8 12h.01 M12 12h.01 M16 12h.01'),
    icon('m6 9 6 6 6-6'),
    badge,
  );
  button.onclick = () => (isOpen ? close() : open());
  root.append(button);
  paint(color);

  let frame: HTMLIFrameElement | undefined;
  let isOpen = false;
  let isLoaded = false;
  let unread = 0;
  let unsent: ToChat[] = [];

  function label(): void {
    button.ariaExpanded = `${isOpen}`;
    const number = (count: number) => count.toLocaleString(language);
    button.lang = language;
    button.ariaLabel = isOpen
      ? closeWord
      : openWord + (unread ? ` (${unreadWords.replace('#', number(unread))})` : '');
    badge.textContent = isOpen || !unread ? '' : unread > 99 ? `${number(99)}+` : number(unread);
  }

  function page(): PageInfo {
    return {
      url: location.href.split('#')[0]!,
      title: document.title,
      referrer: document.referrer,
      locale,
      color,
      heading: title,
    };
  }

  function send(message: ToChat): void {
    if (isLoaded) frame!.contentWindow!.postMessage(message, origin);
    else unsent.push(message);
  }

  function load(): void {
    if (frame) return;
    frame = document.createElement('iframe');
    frame.title = title || chatWord;
    frame.hidden = true;
    frame.src = `${origin}/chat/${encodeURIComponent(connector)}?embed=1`;
    frame.onload = () => {
      isLoaded = true;
      send({ hub: 'page', open: isOpen, page: page() });
      unsent.splice(0).forEach(send);
    };
    root.prepend(frame);
  }

  function open(): void {
    load();
    if (isOpen) return;
    isOpen = true;
    remember();
    frame!.hidden = false;
    if (isLoaded) send({ hub: 'open', page: page() });
    frame!.focus();
    label();
  }

  function close(): void {
    if (!isOpen) return;
    isOpen = false;
    frame!.hidden = true;
    send({ hub: 'close' });
    label();
    button.focus();
  }

  function place(side?: string | null): void {
    const isLeft = side === 'left' || (side !== 'right' && isRightToLeft());
    host.setAttribute('side', isLeft ? 'left' : 'right');
  }

  function paint(value?: string): void {
    const parts = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(value ?? '');
    if (!parts) return;
    const [r, g, b] = parts.slice(1).map((part) => parseInt(part, 16)) as [number, number, number];
    button.style.setProperty('--brand', value!);
    button.style.setProperty('--ink', 0.299 * r + 0.587 * g + 0.114 * b > 150 ? '#14161c' : '#fff');
  }

  addEventListener('message', (event: MessageEvent<ToPage | null>) => {
    const message = event.data;
    if (event.origin !== origin || !frame || event.source !== frame.contentWindow || !message) return;
    if (message.hub === 'ready') {
      if (!color) paint(message.color);
      if (!position) place(message.position);
    }
    if (message.hub === 'close') close();
    if (message.hub === 'resize') frame.className = message.large === true ? 'large' : '';
    if (message.hub === 'unread' && message.count >= 0) {
      unread = Math.floor(message.count);
      label();
    }
  });

  label();
  document.body.append(host);
  // A customer who has opened the chat before may have an unread answer. For all others nothing is loaded.
  const idle = window.requestIdleCallback ?? setTimeout;
  const loadWhenIdle = () => idle(load);
  if (hasOpened()) {
    if (document.readyState === 'complete') loadWhenIdle();
    else addEventListener('load', loadWhenIdle);
  }

  const api: Api = (command, detail) => {
    if (command === 'open') open();
    if (command === 'close') close();
    if (command === 'toggle') button.click();
    // The identity is sent when the chat is opened. A sign-out is sent at once.
    if (command === 'identify') send({ hub: 'identify', identity: detail });
    if (command === 'reset') {
      unsent = [];
      load();
      send({ hub: 'reset' });
    }
  };
  api.on = 1;
  for (const call of Array.from(waiting)) api(call[0] as Command, call[1]);
  return api;
}

// Where the site forbids storage, unread messages show only when the chat is opened again.
function remember(): void {
  try {
    localStorage.setItem(MARK, '1');
  } catch {}
}

function hasOpened(): boolean {
  try {
    return localStorage.getItem(MARK) !== null;
  } catch {
    return false;
  }
}

function isRightToLeft(): boolean {
  return getComputedStyle(document.documentElement).direction === 'rtl';
}

function icon(path: string): SVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  const line = document.createElementNS(space, 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

function run(): void {
  const page = window as unknown as { hub?: Api };
  // An element with the id "hub" is window.hub too, and is not this function.
  const existing = typeof page.hub === 'function' ? page.hub : undefined;
  if (existing?.on) return;
  const script = (document.currentScript ??
    document.querySelector('script[data-connector][src*="widget.js"]')) as HTMLScriptElement | null;
  const connector = script?.dataset['connector'];
  if (!script || !connector) {
    console.error('widget.js: its script tag needs data-connector="NAME"');
    return;
  }
  const startQueued = () => {
    page.hub = start(script, connector, queue);
  };
  const queue: ArrayLike<unknown>[] = existing?.q ?? [];
  // Until the page has a body the calls are queued; `on` keeps a second copy of this script from starting.
  const enqueue: Api = (...call) => void queue.push(call);
  enqueue.on = 1;
  page.hub = enqueue;
  if (document.body) startQueued();
  else addEventListener('DOMContentLoaded', startQueued);
}

run();
