export type Theme = 'system' | 'light' | 'dark';
export type Pane = 'list' | 'thread' | 'details';
/** The menus of one key that choose by typing. */
export type PickerName = 'assign' | 'label' | 'priority' | 'snooze';
export type Overlay = 'palette' | 'shortcuts' | 'handover' | 'account' | 'merge' | PickerName | null;

/** The page's address, after the #, on which the admin's page is shown. */
export const ADMIN_HASH = '#/admin';
/** The page's address on which the quiet list is shown. */
export const QUIET_HASH = '#/quiet';
/** The page's address on which the agent's drafts are listed. */
export const DRAFTS_HASH = '#/drafts';

/** The page's address on which the agent chooses what to be told. */
export const NOTIFICATIONS_HASH = '#/notifications';
/** The page's address on which the notes are listed that name the agent. */
export const MENTIONS_HASH = '#/mentions';

const THEME = 'hub.theme';
const DETAILS = 'hub.details';

/** The state of the view on this device: theme, shown panes, open overlay. */
export class ViewState {
  #theme = $state<Theme>((localStorage.getItem(THEME) as Theme | null) ?? 'system');
  #pane = $state<Pane>('list');
  #detailsShown = $state(localStorage.getItem(DETAILS) !== 'hidden');
  overlay = $state<Overlay>(null);
  page = $state<'inbox' | 'admin' | 'quiet' | 'drafts' | 'notifications' | 'mentions'>('inbox');

  constructor() {
    this.#applyTheme();
  }

  get theme(): Theme {
    return this.#theme;
  }

  /** The pane that a phone shows. */
  get pane(): Pane {
    return this.#pane;
  }

  get detailsShown(): boolean {
    return this.#detailsShown;
  }

  chooseTheme(theme: Theme): void {
    this.#theme = theme;
    localStorage.setItem(THEME, theme);
    this.#applyTheme();
  }

  showPane(pane: Pane): void {
    this.#pane = pane;
  }

  toggleDetails(): void {
    this.#detailsShown = !this.#detailsShown;
    localStorage.setItem(DETAILS, this.#detailsShown ? 'shown' : 'hidden');
  }

  #applyTheme(): void {
    if (this.#theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = this.#theme;
  }
}
