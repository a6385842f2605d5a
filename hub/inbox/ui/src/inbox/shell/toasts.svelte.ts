export interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'bad';
  /** A newer toast of the same topic replaces it. */
  topic: string;
  action?: { label: string; run: () => void };
}

const SHOWN_MS = 6_000;

/** Short messages about what was just done, with an undo button. */
export class Toasts {
  #items = $state<Toast[]>([]);
  #nextId = 0;

  get items(): readonly Toast[] {
    return this.#items;
  }

  show(text: string, action?: Toast['action'], topic = '', shownMs = SHOWN_MS): void {
    if (topic) this.#items = this.#items.filter((toast) => toast.topic !== topic);
    this.#add({ id: this.#nextId++, text, tone: 'plain', topic, ...(action ? { action } : {}) }, shownMs);
  }

  fail(text: string): void {
    this.#add({ id: this.#nextId++, text, tone: 'bad', topic: '' });
  }

  dismiss(id: number): void {
    this.#items = this.#items.filter((toast) => toast.id !== id);
  }

  /** Dismisses the toasts of a topic. */
  dismissTopic(topic: string): void {
    this.#items = this.#items.filter((toast) => toast.topic !== topic);
  }

  clear(): void {
    this.#items = [];
  }

  #add(toast: Toast, shownMs = SHOWN_MS): void {
    this.#items = [...this.#items.slice(-2), toast];
    setTimeout(() => this.dismiss(toast.id), shownMs);
  }
}
