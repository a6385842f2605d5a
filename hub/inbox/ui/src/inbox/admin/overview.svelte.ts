import type { Overview } from '$shared/types';
import { problemText } from '../shell/problem-text';
import type { AdminApi } from './admin-api';

/** A burst of events is one look. */
const GATHER = 700;

/** Teams, agents and queues, looked at anew whenever something may have changed them. */
export class LiveOverview {
  readonly #api: AdminApi;
  #found = $state<Overview | null>(null);
  #problem = $state('');
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isShown = false;

  constructor(api: AdminApi) {
    this.#api = api;
  }

  get found(): Overview | null {
    return this.#found;
  }

  get problem(): string {
    return this.#problem;
  }

  /** Begins to follow; the answer ends it. */
  show(): () => void {
    this.#isShown = true;
    void this.look();
    return () => {
      this.#isShown = false;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  /** Something happened: who is online, what is open, who has it. */
  changed(): void {
    if (!this.#isShown || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.look();
    }, GATHER);
  }

  async look(): Promise<void> {
    try {
      this.#found = await this.#api.overview();
      this.#problem = '';
    } catch (error) {
      this.#problem = problemText(error);
    }
  }
}
