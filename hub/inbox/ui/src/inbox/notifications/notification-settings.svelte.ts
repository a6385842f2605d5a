import type { NotificationSettings } from '$shared/types';
import { problemText } from '../shell/problem-text';
import type { NotificationsApi } from './notifications-api';

export type Kind = keyof NotificationSettings['kinds'];
export type Place = keyof NotificationSettings['kinds'][Kind];

/** What the agent chose to be told. Each change is stored at once; one that fails is taken back. */
export class ChosenNotifications {
  readonly #api: NotificationsApi;
  #settings = $state.raw<NotificationSettings | null>(null);
  #problem = $state('');

  constructor(api: NotificationsApi) {
    this.#api = api;
  }

  get settings(): NotificationSettings | null {
    return this.#settings;
  }

  get problem(): string {
    return this.#problem;
  }

  async load(): Promise<void> {
    await this.#attempt(async () => {
      this.#settings = await this.#api.settings();
    });
  }

  async change(change: Partial<NotificationSettings>): Promise<void> {
    const before = this.#settings;
    if (before) this.#settings = { ...before, ...change };
    const isStored = await this.#attempt(async () => {
      this.#settings = await this.#api.change(change);
    });
    if (!isStored) this.#settings = before;
  }

  async setPlace(kind: Kind, place: Place, on: boolean): Promise<void> {
    const kinds = this.#settings?.kinds;
    if (kinds) await this.change({ kinds: { ...kinds, [kind]: { ...kinds[kind], [place]: on } } });
  }

  async test(): Promise<void> {
    await this.#attempt(() => this.#api.test());
  }

  async #attempt(action: () => Promise<void>): Promise<boolean> {
    this.#problem = '';
    try {
      await action();
      return true;
    } catch (error) {
      this.#problem = problemText(error);
      return false;
    }
  }
}
