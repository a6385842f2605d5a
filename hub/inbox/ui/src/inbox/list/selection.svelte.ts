import { SvelteSet } from 'svelte/reactivity';

/** The conversations that are chosen for a change of many. */
export class Selection {
  #ids = new SvelteSet<string>();
  #isAll = $state(false);
  #anchor: string | null = null;

  /** How many of the list are chosen by themselves. */
  get size(): number {
    return this.#ids.size;
  }

  get ids(): string[] {
    return [...this.#ids];
  }

  /** Whether all conversations that the filter lets through are chosen, also those not loaded. */
  get isAll(): boolean {
    return this.#isAll;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  toggle(id: string): void {
    this.#isAll = false;
    this.#anchor = id;
    if (!this.#ids.delete(id)) this.#ids.add(id);
  }

  /** Chooses everything between the one that was chosen last and this one. */
  extend(id: string, listed: readonly string[]): void {
    const from = listed.indexOf(this.#anchor ?? id);
    const to = listed.indexOf(id);
    if (from < 0 || to < 0) return this.toggle(id);
    for (const between of listed.slice(Math.min(from, to), Math.max(from, to) + 1)) this.#ids.add(between);
    this.#isAll = false;
  }

  /** Chooses those that are loaded. */
  addAll(listed: readonly string[]): void {
    for (const id of listed) this.#ids.add(id);
  }

  /** Chooses all that the filter lets through. */
  chooseAll(): void {
    this.#isAll = true;
  }

  clear(): void {
    this.#ids.clear();
    this.#isAll = false;
    this.#anchor = null;
  }
}
