// The chat's side of the messages between it and the page that embeds it.
import type { PageInfo, ToChat, ToPage } from '../../widget/protocol';

/**
 * Exchanges messages with the embedding page alone. The server's frame-ancestors decide which pages may
 * embed the chat; the origin of the first message is the only one from then on.
 */
export class Bridge {
  page: PageInfo | null = null;
  #origin: string | null = null;
  #queue: ToChat[] = [];
  #handler: ((message: ToChat) => void) | null = null;
  readonly #window: Window;

  constructor(own: Window, arrived: (message: ToChat) => void) {
    this.#window = own;
    own.addEventListener('message', (event) => {
      const message = read(event.data);
      if (!message || event.source !== own.parent) return;
      if (this.#origin === null && message.hub === 'page') this.#origin = event.origin;
      if (event.origin !== this.#origin) return;
      if ('page' in message) this.page = message.page;
      if (this.#handler) this.#handler(message);
      else this.#queue.push(message);
      arrived(message);
    });
  }

  /** Passes the messages received so far to the handler, then each new one. */
  listen(handler: (message: ToChat) => void): void {
    this.#handler = handler;
    this.#queue.splice(0).forEach(handler);
  }

  tell(message: ToPage): void {
    if (this.#origin !== null) this.#window.parent.postMessage(message, this.#origin);
  }
}

function read(data: unknown): ToChat | null {
  if (typeof data !== 'object' || data === null || !('hub' in data)) return null;
  const fields = data as Record<string, unknown>;
  switch (fields['hub']) {
    case 'page':
      return { hub: 'page', open: fields['open'] === true, page: pageOf(fields['page']) };
    case 'open':
      return { hub: 'open', page: pageOf(fields['page']) };
    case 'close':
    case 'reset':
      return { hub: fields['hub'] };
    case 'identify':
      return { hub: 'identify', identity: fields['identity'] };
    default:
      return null;
  }
}

function pageOf(value: unknown): PageInfo {
  const fields = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const text = (name: string, limit: number) =>
    typeof fields[name] === 'string' ? (fields[name] as string).slice(0, limit) : '';
  return {
    url: text('url', 2000),
    title: text('title', 300),
    referrer: text('referrer', 2000),
    locale: text('locale', 35) || undefined,
    color: text('color', 7) || undefined,
    heading: text('heading', 80) || undefined,
  };
}
