import type { Conversation } from '$shared/types';
import { carryDraft, type Composer } from '../composer/composer-state.svelte';
import type { Conversations } from '../list/conversations.svelte';
import type { Details } from '../details/details.svelte';
import type { Thread } from '../thread/thread.svelte';

export interface FollowingNeeds {
  conversations: Conversations;
  thread: Thread;
  details: Details;
  composer: Composer;
  tellViewing: (conversationId: string) => void;
  /** Does it, or says in words why it could not be done. */
  attempt: (action: () => Promise<unknown>) => Promise<boolean>;
}

/** The screen goes along where two people become one, and back where that is undone. */
export class Following {
  readonly #needs: FollowingNeeds;
  /** Where a merge took the screen, and where from: its undoing leads back. */
  #taken: { from: string; to: string } | null = null;

  constructor(needs: FollowingNeeds) {
    this.#needs = needs;
  }

  /** Somebody chose what to look at. */
  opened(): void {
    this.#taken = null;
  }

  /** After a merge or its undoing the open thread may hold more, or fewer, messages. */
  async contactsChanged(contactIds: readonly string[]): Promise<void> {
    const { conversations, thread, details, attempt } = this.#needs;
    const before = thread.contactId;
    await attempt(() => conversations.refresh());
    await attempt(() => this.#goAlong());
    const selected = conversations.selected;
    if (!selected) return;
    const isAboutThem = selected.contact.id !== before || contactIds.includes(before);
    if (isAboutThem) thread.close();
    await Promise.all([
      isAboutThem ? thread.open(selected) : attempt(() => thread.refresh()),
      details.open(selected).then(() => details.reload()),
    ]);
  }

  /** Two who become one have one open conversation: the screen and the draft go along to it. */
  async #goAlong(): Promise<void> {
    const { conversations, composer, tellViewing } = this.#needs;
    const left = conversations.selected;
    if (!left) return;
    const back = await this.#before(left);
    const goesOn = back ?? (left.status === 'resolved' ? conversations.openOf(left.contact.id) : null);
    if (!goesOn || conversations.selected?.id !== left.id) return;
    this.#taken = back ? null : { from: left.id, to: goesOn.id };
    carryDraft(left.id, goesOn.id);
    conversations.select(goesOn.id);
    history.replaceState(null, '', `#/conversations/${goesOn.id}`);
    composer.open(goesOn);
    tellViewing(goesOn.id);
  }

  /** The conversation that a merge took the screen away from, once it stands by itself again. */
  async #before(left: Conversation): Promise<Conversation | null> {
    if (this.#taken?.to !== left.id) return null;
    const before = await this.#needs.conversations.ask(this.#taken.from);
    return before.merged_into ? null : before;
  }
}
