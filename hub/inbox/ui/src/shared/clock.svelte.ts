/** The time of day as state: what shows a waiting time reads it and is redrawn. */
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
