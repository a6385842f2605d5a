import type { Api } from '$shared/api';
import type { View } from '$shared/types';
import { ownZone, queryOfView, storedFilter, type ListQuery } from './list-query';

/** How long changes are gathered before the counts are asked for again, and how often at most. */
const GATHER_MS = 2_000;
const AT_MOST_EACH_MS = 8_000;

/** The saved views that this agent sees, with their counts. */
export class Views {
  readonly #api: Api;
  #items = $state.raw<readonly View[]>([]);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #loadedAt = 0;

  constructor(api: Api) {
    this.#api = api;
  }

  get items(): readonly View[] {
    return this.#items;
  }

  find(id: string | null): View | null {
    return this.#items.find((view) => view.id === id) ?? null;
  }

  async load(): Promise<void> {
    this.#loadedAt = performance.now();
    this.#items = (await this.#api.views(ownZone())).items;
  }

  /** Asks for the counts again, soon: something has changed. */
  scheduleReload(): void {
    if (this.#items.length === 0 || this.#timer !== undefined) return;
    const wait = Math.max(GATHER_MS, this.#loadedAt + AT_MOST_EACH_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // A count that could not be asked for is asked for with the next change.
      void this.load().catch(() => {});
    }, wait);
  }

  async save(name: string, scope: View['scope'], team: string | null, query: ListQuery): Promise<View> {
    const view = await this.#api.addView({ name, scope, team, filter: storedFilter(query), sort: query.sort });
    await this.load();
    return view;
  }

  /** Gives a view the filters and the order that are shown. */
  async replace(id: string, query: ListQuery): Promise<void> {
    await this.#api.changeView(id, { filter: storedFilter(query), sort: query.sort });
    await this.load();
  }

  async remove(id: string): Promise<void> {
    await this.#api.deleteView(id);
    this.#items = this.#items.filter((view) => view.id !== id);
  }

  /** Whether a query is no longer what its view is. */
  isChanged(query: ListQuery): boolean {
    const view = this.find(query.view);
    if (!view) return false;
    const saved = queryOfView(view);
    return !sameFilter(saved, query);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#items = [];
  }
}

function sameFilter(one: ListQuery, other: ListQuery): boolean {
  const sorted = (query: ListQuery) => JSON.stringify(Object.entries(storedFilter(query)).sort());
  return one.sort === other.sort && sorted(one) === sorted(other);
}
