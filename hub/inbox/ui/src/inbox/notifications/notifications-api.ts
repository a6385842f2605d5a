// The calls of the API about what the agent is told.
import type { JsonClient } from '$shared/http';
import type { Mention, Notification as Notice, NotificationSettings, Page } from '$shared/types';

export class NotificationsApi {
  readonly #client: JsonClient;

  constructor(client: JsonClient) {
    this.#client = client;
  }

  /** What the agent has not seen yet, the latest first. */
  unseen(cursor: string | null = null): Promise<Page<Notice>> {
    return this.#client.get('/notifications', { limit: 100, cursor });
  }

  /** Clears what the agent was told of a conversation, on all screens and devices. */
  see(conversationId: string): Promise<void> {
    return this.#client.delete(`/conversations/${encodeURIComponent(conversationId)}/notifications`);
  }

  settings(): Promise<NotificationSettings> {
    return this.#client.get('/agents/me/notifications');
  }

  change(change: Partial<NotificationSettings>): Promise<NotificationSettings> {
    return this.#client.put('/agents/me/notifications', change);
  }

  test(): Promise<void> {
    return this.#client.post('/agents/me/notifications/test');
  }

  mentions(cursor: string | null = null): Promise<Page<Mention>> {
    return this.#client.get('/mentions', { cursor });
  }
}
