import { ApiError } from '$shared/http';
import type { Api } from '$shared/api';
import type { Agent, Presence } from '$shared/types';

export type SessionState = 'unknown' | 'signed_out' | 'signed_in';

/** The agent who is signed in at this screen. */
export class Session {
  readonly #api: Api;
  #state = $state<SessionState>('unknown');
  #agent = $state<Agent | null>(null);
  /** Called when the agent is no longer signed in. */
  onSignedOut: () => void = () => {};

  constructor(api: Api) {
    this.#api = api;
    api.client.onSignedOut = () => this.end();
  }

  get state(): SessionState {
    return this.#state;
  }

  /** The signed-in agent; only asked for behind a check of `state`. */
  get agent(): Agent {
    if (!this.#agent) throw new Error('no agent is signed in');
    return this.#agent;
  }

  get agentId(): string {
    return this.#agent?.id ?? '';
  }

  async resume(): Promise<void> {
    try {
      this.#begin((await this.#api.session()).agent);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.end();
    }
  }

  async signIn(email: string, password: string): Promise<void> {
    this.#begin((await this.#api.signIn(email, password)).agent);
  }

  async signOut(): Promise<void> {
    await this.#api.signOut();
    this.end();
  }

  async setPresence(presence: Presence): Promise<void> {
    await this.#api.setPresence(presence);
    this.applyPresence(this.agentId, presence);
  }

  applyPresence(agentId: string, presence: Presence): void {
    if (this.#agent && this.#agent.id === agentId) this.#agent = { ...this.#agent, presence };
  }

  /** Ends the session: the agent signed out, or the server says that they are signed out. */
  end(): void {
    const before = this.#state;
    this.#agent = null;
    this.#state = 'signed_out';
    if (before === 'signed_in') this.onSignedOut();
  }

  #begin(agent: Agent): void {
    this.#agent = agent;
    this.#state = 'signed_in';
  }
}
