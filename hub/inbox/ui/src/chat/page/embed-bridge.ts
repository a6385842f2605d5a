// The chat's end of the line to the page that embeds it.
import type { PageInfo, ToChat, ToPage } from '../../widget/protocol';

/**
 * Listens to the embedding page alone. Who that may be is decided by the server's frame-ancestors;
 * its origin is learnt from its first message, and from then on nothing goes or comes elsewhere.
 */
export class Bridge {
  page: PageInfo | null = null;
  #origin: string | null = null;
  #held: ToChat[] = [];
  #heard: ((message: ToChat) => void) | null = null;
  readonly #window: Window;

  constructor(own: Window, arrived: (message: ToChat) => void) {
    this.#window = own;
    own.addEventListener('message', (event) => {
      const message = read(event.data);
      if (!message || event.source !== own.parent) return;
      if (this.#origin === null && message.hub === 'page') this.#origin = event.origin;
      if (event.origin !== this.#origin) return;
      if ('page' in message) this.page = message.page;
      if (this.#heard) this.#heard(message);
      else this.#held.push(message);
      arrived(message);
    });
  }

  /** Gets what was said so far, then everything else. */
  listen(heard: (message: ToChat) => void): void {
    this.#heard = heard;
    this.#held.splice(0).forEach(heard);
  }

  tell(message: ToPage): void {
    if (this.#origin !== null) this.#window.parent.postMessage(message, this.#origin);
  }
}

function read(data: unknown): ToChat | null {
  if (typeof data !== 'object' || data === null || !('hub' in data)) return null;
  const said = data as Record<string, unknown>;
  switch (said['hub']) {
    case 'page':
      return { hub: 'page', open: said['open'] === true, page: pageOf(said['page']) };
    case 'open':
      return { hub: 'open', page: pageOf(said['page']) };
    case 'close':
    case 'reset':
      return { hub: said['hub'] };
    case 'identify':
      return { hub: 'identify', identity: said['identity'] };
    default:
      return null;
  }
}

function pageOf(found: unknown): PageInfo {
  const said = (typeof found === 'object' && found !== null ? found : {}) as Record<string, unknown>;
  const text = (name: string, limit: number) =>
    typeof said[name] === 'string' ? (said[name] as string).slice(0, limit) : '';
  return {
    url: text('url', 2000),
    title: text('title', 300),
    referrer: text('referrer', 2000),
    locale: text('locale', 35) || undefined,
    color: text('color', 7) || undefined,
    heading: text('heading', 80) || undefined,
  };
}
