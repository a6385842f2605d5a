import type { Api } from '$shared/api';
import type { SearchHit } from '$shared/types';
import { problemText } from '../shell/problem-text';

const TYPING_PAUSE_MS = 220;

/** The search over all messages and contacts, while the agent types. */
export class Search {
  #api: Api;
  #query = $state('');
  #hits = $state<SearchHit[]>([]);
  #searching = $state(false);
  #problem = $state('');
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | null = null;
  #index = $state(-1);

  constructor(api: Api) {
    this.#api = api;
  }

  get query(): string {
    return this.#query;
  }

  get isActive(): boolean {
    return this.#query.trim().length > 0;
  }

  get isSearching(): boolean {
    return this.#searching;
  }

  get problem(): string {
    return this.#problem;
  }

  get contacts(): SearchHit[] {
    return this.#hits.filter((hit) => hit.type === 'contact');
  }

  get messages(): SearchHit[] {
    return this.#hits.filter((hit) => hit.type === 'message');
  }

  /** What can be opened, in the order in which it is shown. */
  get choices(): SearchHit[] {
    return [...this.contacts.filter((hit) => hit.conversation_id), ...this.messages];
  }

  /** The result that the arrow keys have chosen. */
  get chosen(): SearchHit | null {
    return this.choices[this.#index] ?? null;
  }

  /** Chooses the next or the previous result; stops at the ends. */
  choose(step: 1 | -1): void {
    this.#index = Math.max(-1, Math.min(this.choices.length - 1, this.#index + step));
  }

  /** The chosen result, else the first one, of what is typed now: also before the answer has come. */
  async result(): Promise<SearchHit | null> {
    if (this.#searching) {
      clearTimeout(this.#timer);
      this.#abort?.abort();
      await this.#run(this.#query.trim());
    }
    return this.chosen ?? this.choices[0] ?? null;
  }

  write(query: string): void {
    this.#query = query;
    this.#index = -1;
    clearTimeout(this.#timer);
    this.#abort?.abort();
    if (!this.isActive) {
      this.#hits = [];
      this.#searching = false;
      return;
    }
    this.#searching = true;
    this.#timer = setTimeout(() => void this.#run(query.trim()), TYPING_PAUSE_MS);
  }

  clear(): void {
    this.write('');
  }

  async #run(query: string): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    this.#problem = '';
    try {
      this.#hits = (await this.#api.search(query, abort.signal)).items;
    } catch (error) {
      if (abort.signal.aborted) return;
      this.#hits = [];
      this.#problem = problemText(error);
    }
    this.#searching = false;
  }
}
