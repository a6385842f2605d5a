// Puts the chat's button on somebody else's page. Everything heavier waits inside an iframe of the
// hub's own origin until the customer opens it. This page gets no cookie from us, and one word in
// its storage once the chat was opened.
import type { PageInfo, ToChat, ToPage } from './protocol';
import { styles } from './styles';

type Command = 'open' | 'close' | 'toggle' | 'identify' | 'reset';
type Api = ((command: Command, detail?: unknown) => void) & { q?: ArrayLike<unknown>[]; on?: 1 };

const MARK = 'hub-chat';

// Open, close, the number of new messages in words that fit every number, the chat itself.
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
  const wished = (locale || navigator.language).slice(0, 2).toLowerCase();
  const language = WORDS[wished] ? wished : 'en';
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
  let held: ToChat[] = [];

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

  function tell(message: ToChat): void {
    if (isLoaded) frame!.contentWindow!.postMessage(message, origin);
    else held.push(message);
  }

  function load(): void {
    if (frame) return;
    frame = document.createElement('iframe');
    frame.title = title || chatWord;
    frame.hidden = true;
    frame.src = `${origin}/chat/${encodeURIComponent(connector)}?embed=1`;
    frame.onload = () => {
      isLoaded = true;
      tell({ hub: 'page', open: isOpen, page: page() });
      held.splice(0).forEach(tell);
    };
    root.prepend(frame);
  }

  function open(): void {
    load();
    if (isOpen) return;
    isOpen = true;
    remember();
    frame!.hidden = false;
    if (isLoaded) tell({ hub: 'open', page: page() });
    frame!.focus();
    label();
  }

  function close(): void {
    if (!isOpen) return;
    isOpen = false;
    frame!.hidden = true;
    tell({ hub: 'close' });
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
    const said = event.data;
    if (event.origin !== origin || !frame || event.source !== frame.contentWindow || !said) return;
    if (said.hub === 'ready') {
      if (!color) paint(said.color);
      if (!position) place(said.position);
    }
    if (said.hub === 'close') close();
    if (said.hub === 'resize') frame.className = said.large === true ? 'large' : '';
    if (said.hub === 'unread' && said.count >= 0) {
      unread = Math.floor(said.count);
      label();
    }
  });

  label();
  document.body.append(host);
  // Somebody who has opened the chat before may have an answer waiting; nobody else loads a thing.
  const idle = window.requestIdleCallback ?? setTimeout;
  const later = () => idle(load);
  if (hasOpened()) {
    if (document.readyState === 'complete') later();
    else addEventListener('load', later);
  }

  const api: Api = (command, detail) => {
    if (command === 'open') open();
    if (command === 'close') close();
    if (command === 'toggle') button.click();
    // Who it is can wait until the chat is opened; that somebody has left cannot.
    if (command === 'identify') tell({ hub: 'identify', identity: detail });
    if (command === 'reset') {
      held = [];
      load();
      tell({ hub: 'reset' });
    }
  };
  api.on = 1;
  for (const call of Array.from(waiting)) api(call[0] as Command, call[1]);
  return api;
}

// A site may forbid storage; then unread messages show at the next opening.
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
  // An element with the id "hub" is window.hub too, and is not ours.
  const before = typeof page.hub === 'function' ? page.hub : undefined;
  if (before?.on) return;
  const script = (document.currentScript ??
    document.querySelector('script[data-connector][src*="widget.js"]')) as HTMLScriptElement | null;
  const connector = script?.dataset['connector'];
  if (!script || !connector) {
    console.error('widget.js: its script tag needs data-connector="NAME"');
    return;
  }
  const begin = () => {
    page.hub = start(script, connector, queue);
  };
  const queue: ArrayLike<unknown>[] = before?.q ?? [];
  // Until there is a body the calls wait; `on` keeps a second copy of this script out.
  const wait: Api = (...call) => void queue.push(call);
  wait.on = 1;
  page.hub = wait;
  if (document.body) begin();
  else addEventListener('DOMContentLoaded', begin);
}

run();
