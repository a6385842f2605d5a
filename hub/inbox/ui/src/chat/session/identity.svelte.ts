// The customer's identity from the site, and the server's answer to it.
import type { LiveSocket } from '$shared/socket';
import { subjectOf } from './identity-subject';
import { identityProblem, type IdentityProblem, type VisitorEvents } from '../conversation/visitor-events';

export class Identity {
  #identity: object | null = null;
  #isSent = false;
  #problem = $state<IdentityProblem | null>(null);
  readonly #socket: LiveSocket<VisitorEvents>;

  constructor(socket: LiveSocket<VisitorEvents>) {
    this.#socket = socket;
  }

  /** The sign-in problem that the site must solve before this chat goes on. */
  get problem(): IdentityProblem | null {
    return this.#problem;
  }

  /** Stores the identity from the site: a token, or an object. Null where it is neither. */
  take(identity: unknown): { isAnother: boolean } | null {
    const taken = typeof identity === 'string' ? { token: identity } : identity;
    if (typeof taken !== 'object' || taken === null) return null;
    const isAnother = this.#identity !== null && subjectOf(this.#identity) !== subjectOf(taken);
    this.#identity = taken;
    this.#isSent = false;
    return { isAnother };
  }

  /** The identity that goes with the connection, so that the former customer's messages never show. */
  introduction(): { identity?: unknown } {
    if (!this.#identity) return {};
    this.#isSent = true;
    return { identity: 'token' in this.#identity ? this.#identity.token : this.#identity };
  }

  /** Once per connection: the answer may be a new session, which must not ask again. */
  tell(): void {
    if (!this.#identity || this.#isSent) return;
    this.#isSent = true;
    void this.#socket.request('identify', this.#identity).then((answer) => {
      this.#problem = answer.ok ? null : identityProblem(answer.code);
    });
  }

  /** Stores the reason of a refusal. True where the next connection goes without an identity. */
  takeRefusal(code: string): boolean {
    const problem = identityProblem(code);
    // The reason why an identity was refused says more than that one is required.
    if (problem !== 'identity_required' || this.#problem === null) this.#problem = problem;
    if (!this.#identity || (!problem && code !== 'invalid')) return false;
    // Where signing in is optional the customer can still chat; else the next answer says so.
    this.#identity = null;
    return true;
  }

  welcome(): void {
    this.#problem = null;
  }

  /** The connection is lost: the next one needs the identity again. */
  cut(): void {
    this.#isSent = false;
  }

  forget(): void {
    this.#identity = null;
  }
}
