import { m } from '$messages';
import type { ConversationChange } from '$shared/api';
import type { Conversation, MessageEvent } from '$shared/types';
import type { Conversations } from '../list/conversations.svelte';
import type { Directory } from '../names/directory.svelte';
import { contactName } from '../names/display-names';
import { isolated } from '../names/isolated';
import type { Session } from '../session/session.svelte';
import type { Toasts } from '../shell/toasts.svelte';

/** The events by which an agent loses a conversation while their screen is open. */
const LOSSES = new Set(['conversation.unanswered', 'conversation.overflowed']);

export interface ConversationActionsDependencies {
  conversations: Conversations;
  directory: Directory;
  session: Session;
  toasts: Toasts;
  /** Runs an action; an error becomes a toast. False when there was an error. */
  attempt: (action: () => Promise<unknown>) => Promise<boolean>;
  openById: (conversationId: string) => Promise<void>;
  /** Opens the conversation that follows a resolved one, where the screen shows conversations. */
  openNext: (next: Conversation) => void;
}

/** What an agent does to a conversation. Each action says what it did, and most offer to undo it. */
export class ConversationActions {
  readonly #dependencies: ConversationActionsDependencies;

  constructor(dependencies: ConversationActionsDependencies) {
    this.#dependencies = dependencies;
  }

  /** Assigns the conversation to the signed-in agent. */
  async take(conversation: Conversation): Promise<void> {
    const { session, toasts } = this.#dependencies;
    if (await this.change(conversation, { assignee_id: session.agentId })) toasts.show(m.toast_taken());
  }

  /** Says that the router took a conversation from the signed-in agent, who may take it back. */
  lost(conversation: Conversation, event: MessageEvent): void {
    const { session, toasts } = this.#dependencies;
    if (!LOSSES.has(event.name) || event['agent_id'] !== session.agentId) return;
    const text = m.toast_lost({ name: isolated(contactName(conversation.contact)) });
    toasts.show(text, { label: m.take_back(), run: () => void this.take(conversation) }, `lost:${conversation.id}`);
  }

  /** Assigns the conversation to an agent, or to no agent where `agentId` is null. */
  async assign(conversation: Conversation, agentId: string | null): Promise<void> {
    const { directory, toasts } = this.#dependencies;
    if (!(await this.change(conversation, { assignee_id: agentId }))) return;
    const name = directory.agent(agentId)?.name ?? '';
    toasts.show(agentId ? m.toast_given({ name }) : m.toast_released(), {
      label: m.undo(),
      run: () => void this.change(conversation, { assignee_id: conversation.assignee?.id ?? null }),
    });
  }

  async resolve(conversation: Conversation): Promise<void> {
    const { conversations, toasts, openNext } = this.#dependencies;
    const next = conversations.neighbour(1) ?? conversations.neighbour(-1);
    if (!(await this.change(conversation, { status: 'resolved' }))) return;
    toasts.show(m.toast_resolved(), { label: m.undo(), run: () => void this.#restoreStatus(conversation) });
    if (next && next.id !== conversation.id) openNext(next);
  }

  /** Opens the conversation that follows one which is resolved with its answer. */
  openFollowing(conversation: Conversation): void {
    const { conversations, openNext } = this.#dependencies;
    const next = conversations.neighbour(1) ?? conversations.neighbour(-1);
    if (next && next.id !== conversation.id) openNext(next);
  }

  async reopen(conversation: Conversation): Promise<void> {
    if (await this.change(conversation, { status: 'open' })) this.#dependencies.toasts.show(m.toast_reopened());
  }

  /** Snoozes the conversation; `untilText` is the time as the toast names it. */
  async snooze(conversation: Conversation, until: Date, untilText: string): Promise<void> {
    const change = { status: 'snoozed' as const, snoozed_until: until.toISOString() };
    if (!(await this.change(conversation, change))) return;
    this.#dependencies.toasts.show(m.toast_snoozed({ time: untilText }), {
      label: m.undo(),
      run: () => void this.#restoreStatus(conversation),
    });
  }

  async change(conversation: Conversation, change: ConversationChange): Promise<boolean> {
    const { attempt, conversations } = this.#dependencies;
    return attempt(() => conversations.change(conversation.id, change));
  }

  async #restoreStatus(before: Conversation): Promise<void> {
    const restored = { status: before.status, snoozed_until: before.snoozed_until ?? null };
    if (await this.change(before, before.status === 'snoozed' ? restored : { status: before.status })) {
      await this.#dependencies.openById(before.id);
    }
  }
}
