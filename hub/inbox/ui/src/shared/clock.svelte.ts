/** The time of day as state: components that show a waiting time read it and are redrawn. */
class Clock {
  #now = $state(Date.now());

  constructor() {
    setInterval(() => (this.#now = Date.now()), 15_000);
  }

  get now(): number {
    return this.#now;
  }
}

export const clock = new Clock();
