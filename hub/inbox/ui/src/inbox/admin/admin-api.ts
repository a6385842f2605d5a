// The calls of the API that only an admin makes.
import type { JsonClient } from '$shared/http';
import type { ConfigChange, JournalEntry, MessageOrigin, Overview, Page, Preview, Reloaded } from '$shared/types';

export interface RoutingQuestion {
  connector: string;
  text: string;
  page?: string;
  origin?: MessageOrigin | null;
  language?: string;
}

export class AdminApi {
  readonly #client: JsonClient;

  constructor(client: JsonClient) {
    this.#client = client;
  }

  overview(): Promise<Overview> {
    return this.#client.get('/overview');
  }

  preview(question: RoutingQuestion): Promise<Preview> {
    return this.#client.post('/routing/preview', question);
  }

  /** What came in and could not be read (`failed`) or was of no use (`ignored`), newest first. */
  journal(status: 'failed' | 'ignored', cursor: string | null = null): Promise<Page<JournalEntry>> {
    return this.#client.get('/journal', { status, cursor, limit: 20 });
  }

  replay(entryId: string): Promise<{ status: JournalEntry['status'] }> {
    return this.#client.post(`/journal/${encodeURIComponent(entryId)}/replay`);
  }

  /** Begins the consent that opens a mailbox. Returns the address of the provider's page. */
  async connect(name: string): Promise<string> {
    return (await this.#client.post<{ url: string }>(`/connectors/${encodeURIComponent(name)}/connect`)).url;
  }

  async reload(): Promise<ConfigChange[]> {
    return (await this.#client.post<Reloaded>('/config/reload')).changes;
  }
}
