import { language } from '$shared/i18n.svelte';
import { problemText } from '../shell/problem-text';
import type { BrowserNotifications } from './browser-notifications.svelte';
import type { PushDevices, PushApi } from './push-api';

/** `home_screen`: an iPhone pushes only to pages that were put on the home screen. */
export type PushState = 'unsupported' | 'home_screen' | 'refused' | 'off' | 'on';

/** Whether this is an iPhone or iPad whose browser shows the page, not the installed app. */
function needsHomeScreen(): boolean {
  const isApple = /iPhone|iPad/u.test(navigator.userAgent) || (navigator.userAgent.includes('Macintosh') && navigator.maxTouchPoints > 1);
  return isApple && !('PushManager' in globalThis) && !matchMedia('(display-mode: standalone)').matches;
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

function hasKey(subscription: PushSubscription, key: Uint8Array): boolean {
  const own = subscription.options.applicationServerKey;
  return own !== null && new Uint8Array(own).every((byte, index) => byte === key[index]);
}

/** The pushes to this device: asked for by a click, ended at sign-out. */
export class PushDevice {
  readonly #api: PushApi;
  readonly #browser: Pick<BrowserNotifications, 'permission' | 'request'>;
  readonly #registration: () => Promise<ServiceWorkerRegistration | null>;
  #devices = $state.raw<PushDevices | null>(null);
  #endpoint = $state<string | null>(null);
  #isBusy = $state(false);
  #problem = $state('');

  constructor(api: PushApi, browser: Pick<BrowserNotifications, 'permission' | 'request'>, registration: () => Promise<ServiceWorkerRegistration | null>) {
    this.#api = api;
    this.#browser = browser;
    this.#registration = registration;
  }

  get state(): PushState {
    if (needsHomeScreen()) return 'home_screen';
    if (!('PushManager' in globalThis) || !('serviceWorker' in navigator)) return 'unsupported';
    if (this.#browser.permission === 'denied') return 'refused';
    return this.#endpoint ? 'on' : 'off';
  }

  get devices(): PushDevices['items'] {
    return this.#devices?.items ?? [];
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  get problem(): string {
    return this.#problem;
  }

  async load(): Promise<void> {
    this.#devices = await this.#api.devices();
  }

  /** Keeps the subscription that this device has: it is this agent's, of this sign-in, with the hub's key of today. */
  async resume(): Promise<void> {
    if (this.state !== 'off' || this.#browser.permission !== 'granted') return;
    const subscription = await (await this.#registration())?.pushManager.getSubscription();
    if (subscription) await this.#attempt(() => this.#subscribe());
  }

  /** Turns pushes on; only within a click, for the browser may ask. */
  async turnOn(): Promise<void> {
    await this.#attempt(async () => {
      if (await this.#browser.request()) await this.#subscribe();
    });
  }

  /** Ends the pushes to this device. */
  async turnOff(): Promise<void> {
    await this.#attempt(async () => {
      const subscription = await (await this.#registration())?.pushManager.getSubscription();
      if (subscription) {
        await this.#api.remove(subscription.endpoint);
        await subscription.unsubscribe();
      }
      this.#endpoint = null;
      await this.load();
    });
  }

  async #subscribe(): Promise<void> {
    const registration = await this.#registration();
    if (!registration) return;
    await this.load();
    const key = bytesOf(this.#devices?.public_key ?? '');
    const former = await registration.pushManager.getSubscription();
    if (former && !hasKey(former, key)) await former.unsubscribe();
    const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    await this.#api.add(subscription.toJSON(), language.locale);
    this.#endpoint = subscription.endpoint;
    await this.load();
  }

  async #attempt(action: () => Promise<void>): Promise<void> {
    this.#isBusy = true;
    this.#problem = '';
    try {
      await action();
    } catch (error) {
      this.#problem = problemText(error);
    } finally {
      this.#isBusy = false;
    }
  }
}
