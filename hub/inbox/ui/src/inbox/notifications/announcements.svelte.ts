// The one place where the parts that tell the agent something are wired.
import type { JsonClient } from '$shared/http';
import type { EventHandlers } from '../connection/live-connection.svelte';
import { Bell } from './bell.svelte';
import { BrowserNotifications } from './browser-notifications.svelte';
import { ChosenNotifications } from './notification-settings.svelte';
import { Notifications } from './notifications.svelte';
import { NotificationsApi } from './notifications-api';
import { PushApi } from './push-api';
import { PushDevice } from './push-device.svelte';
import { followClicks, registerServiceWorker } from './service-worker';
import { announceVisibility } from './tabs';

type Handlers = Pick<EventHandlers, 'notification.created' | 'notification.updated' | 'notification.cleared' | 'notification.test'>;

export interface AnnouncementsDependencies {
  client: JsonClient;
  /** Whether the agent looks at this conversation now. */
  isLookingAt: (conversationId: string) => boolean;
  /** Shows what an address of the page, after the #, names. */
  open: (hash: string) => void;
}

/** How the agent hears of news: the bell, the browser's notifications, pushes, and what is not seen yet. */
export class Announcements {
  readonly bell = new Bell();
  readonly browser = new BrowserNotifications(registerServiceWorker);
  readonly notifications: Notifications;
  readonly chosen: ChosenNotifications;
  readonly push: PushDevice;
  readonly #open: AnnouncementsDependencies['open'];
  #isStarted = false;

  constructor({ client, isLookingAt, open }: AnnouncementsDependencies) {
    const api = new NotificationsApi(client);
    this.notifications = new Notifications({ api, bell: this.bell, browser: this.browser, isLookingAt });
    this.chosen = new ChosenNotifications(api);
    this.push = new PushDevice(new PushApi(client), this.browser, registerServiceWorker);
    this.#open = open;
  }

  /** Loads what is not seen, and follows what the browser allows. */
  async start(): Promise<void> {
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.bell.start();
      announceVisibility();
      followClicks(this.#open);
      void registerServiceWorker();
    }
    await this.notifications.load();
    await this.push.resume();
  }

  handlers(): Handlers {
    return {
      'notification.created': (payload) => this.notifications.applyCreated(payload),
      'notification.updated': (payload) => this.notifications.applyUpdated(payload),
      'notification.cleared': (payload) => this.notifications.applyCleared(payload),
      'notification.test': (payload) => this.notifications.applyTest(payload),
    };
  }
}
