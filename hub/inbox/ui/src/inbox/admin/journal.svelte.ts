import type { JournalEntry } from '$shared/types';
import type { Directory } from '../names/directory.svelte';
import { problemText } from '../shell/problem-text';
import type { AdminApi } from './admin-api';

export type JournalStatus = 'failed' | 'ignored';

const SEEN = 'hub.journal.seen';

/** What came in and became no message: for admins, with a mark while some of it is new to them. */
export class Journal {
  readonly #api: Pick<AdminApi, 'journal' | 'replay'>;
  readonly #directory: Pick<Directory, 'connectors' | 'load'>;
  #status = $state<JournalStatus>('failed');
  #entries = $state.raw<readonly JournalEntry[]>([]);
  #next = $state<string | null>(null);
  #isLoaded = $state(false);
  #isBusy = $state(false);
  #problem = $state('');
  #seenAt = $state(localStorage.getItem(SEEN) ?? '');

  constructor(api: Pick<AdminApi, 'journal' | 'replay'>, directory: Pick<Directory, 'connectors' | 'load'>) {
    this.#api = api;
    this.#directory = directory;
  }

  get status(): JournalStatus {
    return this.#status;
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  get hasMore(): boolean {
    return this.#next !== null;
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  get problem(): string {
    return this.#problem;
  }

  /** Whether a connector has an entry that came after this admin last looked at the list. */
  get hasNews(): boolean {
    return this.#newestAt > this.#seenAt;
  }

  /** Shows the newest entries of a status. */
  async show(status: JournalStatus): Promise<void> {
    this.#status = status;
    this.#isLoaded = false;
    await this.#attempt(async () => {
      const [page] = await Promise.all([this.#api.journal(status), this.#directory.load()]);
      this.#entries = page.items;
      this.#next = page.next;
      this.#isLoaded = true;
      this.#markSeen();
    });
  }

  async loadMore(): Promise<void> {
    await this.#attempt(async () => {
      const page = await this.#api.journal(this.#status, this.#next);
      this.#entries = [...this.#entries, ...page.items];
      this.#next = page.next;
    });
  }

  /** Runs an entry again. One that is done now leaves the list. */
  async replay(entry: JournalEntry): Promise<void> {
    await this.#attempt(async () => {
      const { status } = await this.#api.replay(entry.id);
      if (status !== this.#status) this.#entries = this.#entries.filter((other) => other.id !== entry.id);
    });
  }

  get #newestAt(): string {
    const times = this.#directory.connectors.map((connector) => connector.journal?.last_at ?? '');
    return times.reduce((newest, at) => (at > newest ? at : newest), '');
  }

  #markSeen(): void {
    this.#seenAt = this.#newestAt;
    localStorage.setItem(SEEN, this.#seenAt);
  }

  async #attempt(action: () => Promise<void>): Promise<void> {
    this.#isBusy = true;
    this.#problem = '';
    try {
      await action();
    } catch (error) {
      this.#problem = problemText(error);
    } finally {
      this.#isBusy = false;
    }
  }
}
