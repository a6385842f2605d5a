export type Theme = 'system' | 'light' | 'dark';
export type Pane = 'list' | 'thread' | 'details';
export type Overlay = 'palette' | 'shortcuts' | 'handover' | null;

const THEME = 'hub.theme';
const DETAILS = 'hub.details';

/** How the screen looks on this device: theme, panes, what lies on top. */
export class View {
  #theme = $state<Theme>((localStorage.getItem(THEME) as Theme | null) ?? 'system');
  #pane = $state<Pane>('list');
  #details = $state(localStorage.getItem(DETAILS) !== 'hidden');
  overlay = $state<Overlay>(null);
  page = $state<'inbox' | 'admin'>('inbox');

  constructor() {
    this.#applyTheme();
  }

  get theme(): Theme {
    return this.#theme;
  }

  /** Which pane a phone shows. */
  get pane(): Pane {
    return this.#pane;
  }

  get detailsShown(): boolean {
    return this.#details;
  }

  chooseTheme(theme: Theme): void {
    this.#theme = theme;
    localStorage.setItem(THEME, theme);
    this.#applyTheme();
  }

  show(pane: Pane): void {
    this.#pane = pane;
  }

  toggleDetails(): void {
    this.#details = !this.#details;
    localStorage.setItem(DETAILS, this.#details ? 'shown' : 'hidden');
  }

  #applyTheme(): void {
    if (this.#theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = this.#theme;
  }
}
