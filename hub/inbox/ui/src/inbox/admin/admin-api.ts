// The calls of the API that only an admin makes.
import type { JsonClient } from '$shared/http';
import type { ConfigChange, Overview, Preview, Reloaded } from '$shared/types';

export interface RoutingQuestion {
  connector: string;
  text: string;
  page?: string;
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

  async reload(): Promise<ConfigChange[]> {
    return (await this.#client.post<Reloaded>('/config/reload')).changes;
  }
}
