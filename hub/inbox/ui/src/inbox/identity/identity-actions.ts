import { m } from '$messages';
import type { Api } from '$shared/api';
import type { Contact, Decided, Link, Suggestion } from '$shared/types';
import { nameOf } from '../names/display-names';
import type { Details } from '../details/details.svelte';
import type { Toasts } from '../shell/toasts.svelte';

export interface IdentityNeeds {
  api: Api;
  details: Details;
  toasts: Toasts;
  /** Does it, or says in words why it could not be done. */
  attempt: (action: () => Promise<unknown>) => Promise<boolean>;
}

/** Who is whom: the verbs that join people and part them, each with a way back. */
export class Identity {
  readonly #needs: IdentityNeeds;

  constructor(needs: IdentityNeeds) {
    this.#needs = needs;
  }

  /** Makes one person of two; the threads become one. */
  async merge(contact: Contact, other: Contact): Promise<void> {
    const { api, attempt } = this.#needs;
    await attempt(async () => this.#told(await api.merge(contact.id, other.id), nameOf(other)));
  }

  async decide(suggestion: Suggestion, decision: Decided['decision']): Promise<void> {
    const { details, toasts, attempt } = this.#needs;
    await attempt(async () => {
      const link = await details.decide(suggestion, decision);
      if (link) this.#told(link, nameOf(suggestion.contact));
      else toasts.show(m.suggestion_dismissed());
    });
  }

  async undo(link: Link): Promise<void> {
    const { api, details, toasts, attempt } = this.#needs;
    if (!(await attempt(() => details.undo(link)))) return;
    const again = { label: m.merge_again(), run: () => void attempt(() => api.merge(link.contact_id, link.other_contact_id)) };
    toasts.show(m.link_undone(), again, whom(link));
  }

  #told(link: Link, name: string): void {
    this.#needs.toasts.show(m.toast_merged({ name }), { label: m.undo(), run: () => void this.undo(link) }, whom(link));
  }
}

function whom(link: Link): string {
  return `people ${[link.contact_id, link.other_contact_id].sort().join(' ')}`;
}
