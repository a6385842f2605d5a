// Who the site says its customer is, and what the server makes of it.
import type { LiveSocket } from '$shared/socket';
import { subjectOf } from './identity-subject';
import { identityProblem, type IdentityProblem, type VisitorEvents } from '../conversation/visitor-events';

export class Identity {
  #said: object | null = null;
  #isTold = false;
  #problem = $state<IdentityProblem | null>(null);
  readonly #socket: LiveSocket<VisitorEvents>;

  constructor(socket: LiveSocket<VisitorEvents>) {
    this.#socket = socket;
  }

  /** What the site must do before this chat goes on. */
  get problem(): IdentityProblem | null {
    return this.#problem;
  }

  /** Takes the site's word: a token, or an object. Null where it is neither. */
  take(identity: unknown): { isAnother: boolean } | null {
    const said = typeof identity === 'string' ? { token: identity } : identity;
    if (typeof said !== 'object' || said === null) return null;
    const isAnother = this.#said !== null && subjectOf(this.#said) !== subjectOf(said);
    this.#said = said;
    this.#isTold = false;
    return { isAnother };
  }

  /** What goes with the greeting, so that nobody sees for a moment what the one before them said. */
  introduction(): { identity?: unknown } {
    if (!this.#said) return {};
    this.#isTold = true;
    return { identity: 'token' in this.#said ? this.#said.token : this.#said };
  }

  /** Once per connection: the answer may be a new session, which must not ask again. */
  tell(): void {
    if (!this.#said || this.#isTold) return;
    this.#isTold = true;
    void this.#socket.request('identify', this.#said).then((answer) => {
      this.#problem = answer.ok ? null : identityProblem(answer.code);
    });
  }

  /** Takes in why the server refused the line. True where the next greeting goes without an identity. */
  takeRefusal(code: string): boolean {
    const problem = identityProblem(code);
    // That somebody must sign in says less than why the site's word for them did not do.
    if (problem !== 'identity_required' || this.#problem === null) this.#problem = problem;
    if (!this.#said || (!problem && code !== 'invalid')) return false;
    // Where signing in is optional they can still chat; where it is not, the next answer says so.
    this.#said = null;
    return true;
  }

  welcome(): void {
    this.#problem = null;
  }

  /** The line is gone; the next one has to be told anew. */
  cut(): void {
    this.#isTold = false;
  }

  forget(): void {
    this.#said = null;
  }
}
