export interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'bad';
  action?: { label: string; run: () => void };
}

const SHOWN_FOR = 6_000;

/** Short words about what was just done, with a way back. */
export class Toasts {
  #items = $state<Toast[]>([]);
  #nextId = 0;

  get items(): readonly Toast[] {
    return this.#items;
  }

  show(text: string, action?: Toast['action']): void {
    this.#add({ id: this.#nextId++, text, tone: 'plain', ...(action ? { action } : {}) });
  }

  fail(text: string): void {
    this.#add({ id: this.#nextId++, text, tone: 'bad' });
  }

  dismiss(id: number): void {
    this.#items = this.#items.filter((toast) => toast.id !== id);
  }

  clear(): void {
    this.#items = [];
  }

  #add(toast: Toast): void {
    this.#items = [...this.#items.slice(-2), toast];
    setTimeout(() => this.dismiss(toast.id), SHOWN_FOR);
  }
}
