// The window of the chat: a page of its own, or an iframe that can be closed and made larger.
import type { PageInfo, ToChat } from '../../widget/protocol';
import type { Bridge } from './embed-bridge';

export class ChatWindow {
  #isOpen = $state(true);
  #isLarge = $state(false);
  #isVisible = $state(document.visibilityState === 'visible');
  readonly #bridge: Bridge | null;

  constructor(bridge: Bridge | null, handler: (message: ToChat) => void) {
    this.#bridge = bridge;
    document.addEventListener('visibilitychange', () => {
      this.#isVisible = document.visibilityState === 'visible';
    });
    bridge?.listen((message) => {
      if (message.hub === 'page') this.#isOpen = message.open;
      if (message.hub === 'open') this.#isOpen = true;
      if (message.hub === 'close') this.#isOpen = false;
      handler(message);
    });
  }

  get isEmbedded(): boolean {
    return this.#bridge !== null;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isLarge(): boolean {
    return this.#isLarge;
  }

  /** Whether the customer can read the messages now. */
  get isReadable(): boolean {
    return this.#isOpen && this.#isVisible;
  }

  /** The page the customer is on, as the agent sees it. Never with a fragment: it may hold a secret. */
  get page(): Pick<PageInfo, 'url' | 'title' | 'referrer'> {
    if (this.#bridge?.page) {
      const { url, title, referrer } = this.#bridge.page;
      return { url, title, referrer };
    }
    const { origin, pathname } = location;
    return { url: origin + pathname, title: document.title, referrer: document.referrer };
  }

  close(): void {
    this.#bridge?.tell({ hub: 'close' });
  }

  toggleSize(): void {
    this.#isLarge = !this.#isLarge;
    this.#bridge?.tell({ hub: 'resize', large: this.#isLarge });
  }

  showUnread(count: number): void {
    this.#bridge?.tell({ hub: 'unread', count });
  }
}
