import { ApiError } from '$shared/http';
import type { Api } from '$shared/api';
import type { Agent, Presence } from '$shared/types';

export type SessionState = 'unknown' | 'signed_out' | 'signed_in';

/** Who sits at this screen. */
export class Session {
  readonly #api: Api;
  #state = $state<SessionState>('unknown');
  #agent = $state<Agent | null>(null);
  /** Told when nobody is signed in any more who was until now. */
  onLeft: () => void = () => {};

  constructor(api: Api) {
    this.#api = api;
    api.client.onSignedOut = () => this.leave();
  }

  get state(): SessionState {
    return this.#state;
  }

  /** The signed-in agent; only asked for behind a check of `state`. */
  get agent(): Agent {
    if (!this.#agent) throw new Error('nobody is signed in');
    return this.#agent;
  }

  get agentId(): string {
    return this.#agent?.id ?? '';
  }

  async resume(): Promise<void> {
    try {
      this.#enter((await this.#api.session()).agent);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.leave();
    }
  }

  async signIn(email: string, password: string): Promise<void> {
    this.#enter((await this.#api.signIn(email, password)).agent);
  }

  async signOut(): Promise<void> {
    await this.#api.signOut();
    this.leave();
  }

  async setPresence(presence: Presence): Promise<void> {
    await this.#api.setPresence(presence);
    this.heardPresence(this.agentId, presence);
  }

  heardPresence(agentId: string, presence: Presence): void {
    if (this.#agent && this.#agent.id === agentId) this.#agent = { ...this.#agent, presence };
  }

  /** Nobody is signed in here any more: by their own wish, or because the server says so. */
  leave(): void {
    const was = this.#state;
    this.#agent = null;
    this.#state = 'signed_out';
    if (was === 'signed_in') this.onLeft();
  }

  #enter(agent: Agent): void {
    this.#agent = agent;
    this.#state = 'signed_in';
  }

}
