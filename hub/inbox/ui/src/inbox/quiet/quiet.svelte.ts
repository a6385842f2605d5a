import type { Api } from '$shared/api';
import type { Conversation, QuietMessage } from '$shared/types';
import { problemText } from '../shell/problem-text';

/** The quiet list: what machines wrote that belongs to no conversation. */
export class Quiet {
  readonly #api: Pick<Api, 'quiet' | 'openQuiet'>;
  #messages = $state.raw<readonly QuietMessage[]>([]);
  #next = $state<string | null>(null);
  #isLoaded = $state(false);
  #isBusy = $state(false);
  #problem = $state('');

  constructor(api: Pick<Api, 'quiet' | 'openQuiet'>) {
    this.#api = api;
  }

  get messages(): readonly QuietMessage[] {
    return this.#messages;
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

  /** Loads the newest page. */
  async load(): Promise<void> {
    await this.#attempt(async () => {
      const page = await this.#api.quiet();
      this.#messages = page.items;
      this.#next = page.next;
      this.#isLoaded = true;
    });
  }

  async loadMore(): Promise<void> {
    await this.#attempt(async () => {
      const page = await this.#api.quiet(this.#next);
      this.#messages = [...this.#messages, ...page.items];
      this.#next = page.next;
    });
  }

  /** Makes a conversation of a message and takes it off the list; null when that failed. */
  async open(message: QuietMessage): Promise<Conversation | null> {
    return this.#attempt(async () => {
      const conversation = await this.#api.openQuiet(message.id);
      this.#messages = this.#messages.filter((other) => other.id !== message.id);
      return conversation;
    });
  }

  async #attempt<T>(action: () => Promise<T>): Promise<T | null> {
    this.#isBusy = true;
    this.#problem = '';
    try {
      return await action();
    } catch (error) {
      this.#problem = problemText(error);
      return null;
    } finally {
      this.#isBusy = false;
    }
  }
}
