import type { Api } from '$shared/api';
import type { Message } from '$shared/types';
import type { Directory } from '../names/directory.svelte';
import type { Session } from '../session/session.svelte';
import { isLocal } from './timeline-state.svelte';

const HAS_LEFT = new Set(['sent', 'delivered', 'read']);

export interface MessageChangesDependencies {
  api: Pick<Api, 'changeMessage' | 'takeBack'>;
  directory: Directory;
  session: Session;
  /** Runs an action; an error becomes a toast. False when there was an error. */
  attempt: (action: () => Promise<unknown>) => Promise<boolean>;
  apply: (message: Message) => void;
}

/** The change of a sent message that is under way. It is no part of a row: new messages do not end it. */
export class MessageChanges {
  readonly #dependencies: MessageChangesDependencies;
  editingId = $state<string | null>(null);
  text = $state('');
  /** The message whose removal the agent is asked to confirm. */
  confirmingId = $state<string | null>(null);

  constructor(dependencies: MessageChangesDependencies) {
    this.#dependencies = dependencies;
  }

  /** Whether the customer's copy changes with a message, and it is the agent's to change. */
  canEdit(message: Message): boolean {
    return this.#isOwn(message) && message.text !== '' && Boolean(this.#capabilities(message)?.edit);
  }

  canRetract(message: Message): boolean {
    return this.#isOwn(message) && Boolean(this.#capabilities(message)?.retract);
  }

  begin(message: Message): void {
    this.editingId = message.id;
    this.text = message.text;
  }

  cancel(): void {
    this.editingId = null;
    this.confirmingId = null;
  }

  async save(message: Message): Promise<void> {
    const { api, attempt, apply } = this.#dependencies;
    const text = this.text.trim();
    if (text === '' || text === message.text) return this.cancel();
    if (await attempt(async () => apply(await api.changeMessage(message.id, text)))) this.cancel();
  }

  async retract(message: Message): Promise<void> {
    const { api, attempt, apply } = this.#dependencies;
    await attempt(async () => {
      const answer = await api.takeBack(message.id);
      if ('direction' in answer) apply(answer);
    });
    this.cancel();
  }

  #isOwn(message: Message): boolean {
    const { session } = this.#dependencies;
    if (isLocal(message) || message.direction !== 'out' || message.type !== 'message' || message.author.type !== 'agent') return false;
    if (message.extra?.['retracted_by'] || !HAS_LEFT.has(message.delivery?.status ?? '')) return false;
    return message.author.id === session.agentId || session.agent.role === 'admin';
  }

  #capabilities(message: Message) {
    return this.#dependencies.directory.connector(message.connector)?.capabilities;
  }
}
