import type { Overview } from '$shared/types';
import { problemText } from '../shell/problem-text';
import type { AdminApi } from './admin-api';

/** All events within this time cause one request, in milliseconds. */
const BATCH_MS = 700;

/** Teams, agents and queues, loaded again after each event that may have changed them. */
export class LiveOverview {
  readonly #api: AdminApi;
  #current = $state<Overview | null>(null);
  #problem = $state('');
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isShown = false;

  constructor(api: AdminApi) {
    this.#api = api;
  }

  get current(): Overview | null {
    return this.#current;
  }

  get problem(): string {
    return this.#problem;
  }

  /** Begins to follow the events; the returned function ends it. */
  follow(): () => void {
    this.#isShown = true;
    void this.load();
    return () => {
      this.#isShown = false;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  /** Loads the overview soon: an agent, a conversation or an assignment has changed. */
  scheduleReload(): void {
    if (!this.#isShown || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.load();
    }, BATCH_MS);
  }

  async load(): Promise<void> {
    try {
      this.#current = await this.#api.overview();
      this.#problem = '';
    } catch (error) {
      this.#problem = problemText(error);
    }
  }
}
