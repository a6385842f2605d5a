import type { Api } from '$shared/api';
import type { Token } from '$shared/types';
import { problemText } from '../shell/problem-text';

/** The agent's own password, sign-ins and API tokens. */
export class Account {
  readonly #api: Pick<Api, 'changePassword' | 'signOutElsewhere' | 'tokens' | 'revokeToken'>;
  #tokens = $state.raw<readonly Token[]>([]);
  #problem = $state('');
  #isBusy = $state(false);

  constructor(api: Pick<Api, 'changePassword' | 'signOutElsewhere' | 'tokens' | 'revokeToken'>) {
    this.#api = api;
  }

  get tokens(): readonly Token[] {
    return this.#tokens;
  }

  /** What went wrong last; empty when nothing did. */
  get problem(): string {
    return this.#problem;
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  async load(): Promise<void> {
    await this.#attempt(async () => {
      this.#tokens = (await this.#api.tokens()).items;
    });
  }

  /** True when the password is changed; the other sign-ins have ended then. */
  changePassword(current: string, next: string): Promise<boolean> {
    return this.#attempt(() => this.#api.changePassword(current, next));
  }

  signOutElsewhere(): Promise<boolean> {
    return this.#attempt(() => this.#api.signOutElsewhere());
  }

  revoke(token: Token): Promise<boolean> {
    return this.#attempt(async () => {
      await this.#api.revokeToken(token.id);
      this.#tokens = this.#tokens.filter((other) => other.id !== token.id);
    });
  }

  async #attempt(action: () => Promise<unknown>): Promise<boolean> {
    this.#isBusy = true;
    this.#problem = '';
    try {
      await action();
      return true;
    } catch (error) {
      this.#problem = problemText(error);
      return false;
    } finally {
      this.#isBusy = false;
    }
  }
}
