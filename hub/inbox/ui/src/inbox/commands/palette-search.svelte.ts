import type { Api } from '$shared/api';
import type { SearchHit } from '$shared/types';

const TYPING_PAUSE_MS = 180;
const MOST = 12;

/** What the palette finds among all people and conversations while the agent types. */
export class PaletteSearch {
  readonly #api: Api;
  #hits = $state.raw<readonly SearchHit[]>([]);
  #query = $state('');
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | null = null;

  constructor(api: Api) {
    this.#api = api;
  }

  /** What was found, for the text that was typed last. */
  get hits(): readonly SearchHit[] {
    return this.#hits;
  }

  get query(): string {
    return this.#query;
  }

  write(query: string): void {
    this.#query = query;
    clearTimeout(this.#timer);
    this.#abort?.abort();
    if (query.trim().length < 2) {
      this.#hits = [];
      return;
    }
    this.#timer = setTimeout(() => void this.#run(query.trim()), TYPING_PAUSE_MS);
  }

  async #run(query: string): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    try {
      const { items } = await this.#api.search(query, abort.signal);
      this.#hits = items.filter((hit) => hit.conversation_id).slice(0, MOST);
    } catch {
      // The palette still has its commands; the next letter asks again.
      if (!abort.signal.aborted) this.#hits = [];
    }
  }
}
