// The calls of the API about the devices that get pushes.
import type { JsonClient } from '$shared/http';
import type { PushDevices } from '$shared/types';

export type { PushDevices };

export class PushApi {
  readonly #client: JsonClient;

  constructor(client: JsonClient) {
    this.#client = client;
  }

  devices(): Promise<PushDevices> {
    return this.#client.get('/agents/me/push-subscriptions');
  }

  add({ endpoint, keys }: PushSubscriptionJSON, language: string): Promise<unknown> {
    return this.#client.post('/agents/me/push-subscriptions', { endpoint, keys, language });
  }

  remove(endpoint: string): Promise<void> {
    return this.#client.delete('/agents/me/push-subscriptions', { endpoint });
  }
}
