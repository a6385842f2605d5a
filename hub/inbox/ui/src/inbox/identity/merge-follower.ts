import type { Conversation } from '$shared/types';
import type { Composer } from '../composer/composer-state.svelte';
import type { Drafts } from '../composer/drafts.svelte';
import type { Conversations } from '../list/conversations.svelte';
import type { Details } from '../details/details.svelte';
import type { Timeline } from '../thread/timeline-state.svelte';

export interface MergeFollowerDependencies {
  conversations: Conversations;
  timeline: Timeline;
  details: Details;
  composer: Composer;
  drafts: Pick<Drafts, 'move'>;
  sendViewing: (conversationId: string) => void;
  /** Runs an action; an error becomes a toast. False when there was an error. */
  attempt: (action: () => Promise<unknown>) => Promise<boolean>;
}

/** Opens the surviving conversation after a merge, and the original one when the merge is undone. */
export class MergeFollower {
  readonly #dependencies: MergeFollowerDependencies;
  /** The conversations between which a merge moved the screen: undoing the merge moves it back. */
  #moved: { from: string; to: string } | null = null;

  constructor(dependencies: MergeFollowerDependencies) {
    this.#dependencies = dependencies;
  }

  /** The agent opened a conversation: undoing an earlier merge no longer moves the screen. */
  conversationOpened(): void {
    this.#moved = null;
  }

  /** After a merge, or its undoing, the open timeline may hold more or fewer messages. */
  async contactsChanged(contactIds: readonly string[]): Promise<void> {
    const { conversations, timeline, details, attempt } = this.#dependencies;
    const contactIdBefore = timeline.contactId;
    await attempt(() => conversations.refresh());
    await attempt(() => this.#openSurviving());
    const selected = conversations.selected;
    if (!selected) return;
    const isAffected = selected.contact.id !== contactIdBefore || contactIds.includes(contactIdBefore);
    if (isAffected) timeline.close();
    await Promise.all([
      isAffected ? timeline.open(selected) : attempt(() => timeline.refresh()),
      details.open(selected).then(() => details.reload()),
    ]);
  }

  /** Two merged contacts have one open conversation: the screen and the draft move to it. */
  async #openSurviving(): Promise<void> {
    const { conversations, composer, drafts, sendViewing } = this.#dependencies;
    const left = conversations.selected;
    if (!left) return;
    const original = await this.#originalOf(left);
    const next = original ?? (left.status === 'resolved' ? conversations.openConversationOf(left.contact.id) : null);
    if (!next || conversations.selected?.id !== left.id) return;
    this.#moved = original ? null : { from: left.id, to: next.id };
    drafts.move(left.id, next.id);
    conversations.select(next.id);
    history.replaceState(null, '', `#/conversations/${next.id}`);
    composer.open(next);
    sendViewing(next.id);
  }

  /** The conversation from which a merge moved the screen, once it is no longer merged. */
  async #originalOf(left: Conversation): Promise<Conversation | null> {
    if (this.#moved?.to !== left.id) return null;
    const original = await this.#dependencies.conversations.reload(this.#moved.from);
    return original.merged_into ? null : original;
  }
}
