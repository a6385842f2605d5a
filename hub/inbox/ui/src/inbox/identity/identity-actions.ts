import { m } from '$messages';
import type { Api } from '$shared/api';
import type { Contact, Decided, Link, Suggestion } from '$shared/types';
import { contactName } from '../names/display-names';
import type { Details } from '../details/details.svelte';
import type { Toasts } from '../shell/toasts.svelte';

export interface IdentityDependencies {
  api: Api;
  details: Details;
  toasts: Toasts;
  /** Runs an action; an error becomes a toast. False when there was an error. */
  attempt: (action: () => Promise<unknown>) => Promise<boolean>;
}

/** Links contacts and parts them again. Each action can be undone in its toast. */
export class IdentityActions {
  readonly #dependencies: IdentityDependencies;

  constructor(dependencies: IdentityDependencies) {
    this.#dependencies = dependencies;
  }

  /** Merges another contact into this one; their timelines become one. */
  async mergeContacts(contact: Contact, other: Contact): Promise<void> {
    const { api, attempt } = this.#dependencies;
    await attempt(async () => this.#announceMerge(await api.merge(contact.id, other.id), contactName(other)));
  }

  async decideSuggestion(suggestion: Suggestion, decision: Decided['decision']): Promise<void> {
    const { details, toasts, attempt } = this.#dependencies;
    await attempt(async () => {
      const link = await details.decideSuggestion(suggestion, decision);
      if (link) this.#announceMerge(link, contactName(suggestion.contact));
      else toasts.show(m.suggestion_dismissed());
    });
  }

  async undoLink(link: Link): Promise<void> {
    const { api, details, toasts, attempt } = this.#dependencies;
    if (!(await attempt(() => details.undoLink(link)))) return;
    const mergeAgain = { label: m.merge_again(), run: () => void attempt(() => api.merge(link.contact_id, link.other_contact_id)) };
    toasts.show(m.link_undone(), mergeAgain, toastTopic(link));
  }

  #announceMerge(link: Link, name: string): void {
    this.#dependencies.toasts.show(m.toast_merged({ name }), { label: m.undo(), run: () => void this.undoLink(link) }, toastTopic(link));
  }
}

/** A later toast about the same two contacts replaces the earlier one. */
function toastTopic(link: Link): string {
  return `people ${[link.contact_id, link.other_contact_id].sort().join(' ')}`;
}
