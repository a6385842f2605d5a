// The stored state of one connector's chat in this browser: the browser keeps it apart per embedding
// site. Never in a URL and never in a cookie.

export interface StoredMessage {
  client_id: string;
  text: string;
  attachments: StoredAttachment[];
  reply_to: string | null;
  created_at: string;
}

export interface StoredAttachment {
  id: string;
  name: string;
  media_type: string;
  size: number | null;
  url: string;
}

interface Record {
  session: string | null;
  contact: string | null;
  talked: boolean;
  read: string | null;
  outbox: StoredMessage[];
}

const NOTHING: Record = { session: null, contact: null, talked: false, read: null, outbox: [] };

export interface KeyValueStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export class Memory {
  readonly #key: string;
  readonly #store: KeyValueStore;

  constructor(connector: string, store: KeyValueStore = browserStore()) {
    this.#key = `hub.chat.${connector}`;
    this.#store = store;
  }

  get session(): string | null {
    return this.#read().session;
  }

  get contact(): string | null {
    return this.#read().contact;
  }

  /** Whether the customer has ever written: only then is the chat loaded before it is opened. */
  get talked(): boolean {
    const { session, talked, outbox } = this.#read();
    return session !== null && (talked || outbox.length > 0);
  }

  get read(): string | null {
    return this.#read().read;
  }

  get outbox(): StoredMessage[] {
    return this.#read().outbox;
  }

  welcome(session: string, contact: string | null): void {
    this.#write({ session, contact });
  }

  markTalked(): void {
    if (!this.#read().talked) this.#write({ talked: true });
  }

  markRead(id: string): void {
    this.#write({ read: id });
  }

  // A second tab has the same record: an entry is added or taken out, the list is never replaced.
  keep(entry: StoredMessage): void {
    const others = this.outbox.filter((kept) => kept.client_id !== entry.client_id);
    this.#write({ outbox: [...others, entry] });
  }

  drop(clientId: string): void {
    this.#write({ outbox: this.outbox.filter((kept) => kept.client_id !== clientId) });
  }

  onForgotten(handler: () => void): void {
    window.addEventListener('storage', (event) => {
      if (event.key === this.#key && event.newValue === null) handler();
    });
  }

  forget(): void {
    this.#store.removeItem(this.#key);
  }

  #read(): Record {
    try {
      const found: unknown = JSON.parse(this.#store.getItem(this.#key) ?? 'null');
      return typeof found === 'object' && found !== null ? { ...NOTHING, ...found } : NOTHING;
    } catch {
      return NOTHING; // not ours, or of a broken write
    }
  }

  #write(change: Partial<Record>): void {
    this.#store.setItem(this.#key, JSON.stringify({ ...this.#read(), ...change }));
  }
}

/** The browser's storage, or, where it is full or refused in an iframe, this page's life only. */
export function browserStore(): KeyValueStore {
  const own = new Map<string, string>();
  const attempt = <T>(use: (storage: Storage) => T): T | undefined => {
    try {
      return use(window.localStorage);
    } catch {
      return undefined;
    }
  };
  return {
    getItem: (key) => own.get(key) ?? attempt((storage) => storage.getItem(key)) ?? null,
    setItem(key, value) {
      own.delete(key);
      const stored = attempt((storage) => (storage.setItem(key, value), true));
      if (!stored) own.set(key, value);
    },
    removeItem(key) {
      own.delete(key);
      attempt((storage) => storage.removeItem(key));
    },
  };
}
