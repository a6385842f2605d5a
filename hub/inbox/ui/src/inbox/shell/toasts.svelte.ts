export interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'bad';
  /** What it is about: a newer word about the same takes its place. */
  about: string;
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

  show(text: string, action?: Toast['action'], about = ''): void {
    if (about) this.#items = this.#items.filter((toast) => toast.about !== about);
    this.#add({ id: this.#nextId++, text, tone: 'plain', about, ...(action ? { action } : {}) });
  }

  fail(text: string): void {
    this.#add({ id: this.#nextId++, text, tone: 'bad', about: '' });
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
