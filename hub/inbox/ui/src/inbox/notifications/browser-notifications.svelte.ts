import { m } from '$messages';
import { language } from '$shared/i18n.svelte';
import type { Notification as Notice } from '$shared/types';
import { addressOf, bodyOf, titleOf } from './notification-text';
import { isAnyTabVisible, onceOverTabs } from './tabs';

const SHOWING = 'hub.showing';
const TOGETHER_MS = 500;
const HINT_DISMISSED = 'hub.notifications.hint';
const ICON = '/icons/192.png';

export type Permission = NotificationPermission | 'unsupported';

/** The tag of a conversation's notifications: a later one takes the place of the former, a pushed one too. */
export const tagOf = (conversationId: string) => `conversation-${conversationId}`;

/** Notifications of the browser, while no tab is in front. */
export class BrowserNotifications {
  #permission = $state<Permission>('Notification' in globalThis ? Notification.permission : 'unsupported');
  #isHintDismissed = $state(localStorage.getItem(HINT_DISMISSED) !== null);
  readonly #registration: () => Promise<ServiceWorkerRegistration | null>;

  constructor(registration: () => Promise<ServiceWorkerRegistration | null>) {
    this.#registration = registration;
  }

  get permission(): Permission {
    return this.#permission;
  }

  /** Whether to ask the agent if they want to be told: not asked, not refused, not put away. */
  get wantsHint(): boolean {
    return this.#permission === 'default' && !this.#isHintDismissed;
  }

  dismissHint(): void {
    this.#isHintDismissed = true;
    localStorage.setItem(HINT_DISMISSED, 'yes');
  }

  /** Asks the browser for its permission; only within a click. */
  async request(): Promise<boolean> {
    if (this.#permission === 'unsupported') return false;
    this.#permission = await Notification.requestPermission();
    return this.#permission === 'granted';
  }

  async show(notice: Notice, hideText: boolean): Promise<void> {
    await this.#showUnlessVisible(titleOf(notice), bodyOf(notice, hideText), tagOf(notice.conversation_id), `/${addressOf(notice)}`);
  }

  async showTest(): Promise<void> {
    await this.#show(m.told_test(), m.told_test_body(), 'test', '/#/notifications');
  }

  /** Takes back what is shown of a conversation. */
  async close(conversationId: string): Promise<void> {
    const registration = await this.#registration();
    const shown = (await registration?.getNotifications({ tag: tagOf(conversationId) })) ?? [];
    for (const notification of shown) notification.close();
  }

  async #showUnlessVisible(title: string, body: string, tag: string, url: string): Promise<void> {
    if (this.#permission !== 'granted' || (await isAnyTabVisible())) return;
    await this.#show(title, body, tag, url);
  }

  async #show(title: string, body: string, tag: string, url: string): Promise<void> {
    if (this.#permission !== 'granted') return;
    const registration = await this.#registration();
    // `silent`: the page rings by itself, once for all tabs.
    const options = { body, tag, icon: ICON, silent: true, lang: language.locale, dir: language.direction, data: { url } } as const;
    await onceOverTabs(`${SHOWING}.${tag}`, TOGETHER_MS, () => void registration?.showNotification(title, options));
  }
}
