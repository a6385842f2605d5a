import type { JsonClient } from '$shared/http';
import type { CannedReply, Conversation, Macro, Page, RenderedReply } from '$shared/types';
import { matchSuggestions, type Suggestion } from './suggestions';
import { findTrigger, type Trigger } from './trigger';

/** How long a list that was loaded is taken as new. */
const FRESH_MS = 30_000;

export interface ReplyPickerDependencies {
  client: JsonClient;
  conversation: () => Conversation | null;
  /** The name of the connector that a reply goes by; null for a note or where it is unknown. */
  connector: () => string | null;
  attempt: (action: () => Promise<unknown>) => Promise<boolean>;
}

/** The list of canned replies and macros that opens at a `/` in the composer. */
export class ReplyPicker {
  readonly #dependencies: ReplyPickerDependencies;
  #suggestions = $state.raw<readonly Suggestion[]>([]);
  #trigger = $state.raw<Trigger | null>(null);
  #closedAt = $state<number | null>(null);
  #active = $state(0);
  #loadedFor = '';
  #loadedAt = 0;

  readonly items: readonly Suggestion[] = $derived.by(() => {
    const trigger = this.#trigger;
    return trigger && trigger.start !== this.#closedAt ? matchSuggestions(this.#suggestions, trigger.query) : [];
  });

  constructor(dependencies: ReplyPickerDependencies) {
    this.#dependencies = dependencies;
  }

  /** A trigger that matches nothing opens no list: its words are sent as they are. */
  get isOpen(): boolean {
    return this.items.length > 0;
  }

  get active(): number {
    return Math.min(this.#active, this.items.length - 1);
  }

  get macros(): readonly Suggestion[] {
    return this.#suggestions.filter((item) => item.type === 'macro');
  }

  /** Loads what fits the open conversation, unless that was just done. */
  async load(): Promise<void> {
    const conversation = this.#dependencies.conversation();
    if (!conversation) return;
    const connector = this.#dependencies.connector();
    const wanted = `${conversation.id} ${connector ?? ''}`;
    if (this.#loadedFor === wanted && Date.now() - this.#loadedAt < FRESH_MS) return;
    [this.#loadedFor, this.#loadedAt] = [wanted, Date.now()];
    const query = new URLSearchParams({ conversation_id: conversation.id, limit: '100', ...(connector ? { connector } : {}) });
    await this.#dependencies.attempt(async () => {
      const [replies, macros] = await Promise.all([
        this.#dependencies.client.get<Page<CannedReply>>(`/canned-replies?${query.toString()}`),
        this.#dependencies.client.get<Page<Macro>>('/macros'),
      ]);
      if (this.#loadedFor !== wanted) return;
      this.#suggestions = [
        ...replies.items.map((reply): Suggestion => ({ type: 'reply', id: reply.id, name: reply.title, shortcut: reply.shortcut, text: reply.text })),
        ...macros.items.map((macro): Suggestion => ({ type: 'macro', id: macro.id, name: macro.name, shortcut: '', text: '' })),
      ];
    });
  }

  /** Looks at the text and the cursor, which moved. */
  look(text: string, cursor: number): void {
    const trigger = findTrigger(text, cursor);
    if (trigger?.start !== this.#trigger?.start) [this.#active, this.#closedAt] = [0, null];
    if (trigger?.query !== this.#trigger?.query) this.#active = 0;
    this.#trigger = trigger;
    if (trigger) void this.load();
  }

  move(by: number): void {
    this.#active = (this.active + by + this.items.length) % this.items.length;
  }

  /** Closes the list until another `/` is typed. The text stays. */
  close(): void {
    this.#closedAt = this.#trigger?.start ?? null;
  }

  /** Forgets the trigger, whose words are taken away: the next one at its place opens the list. */
  forget(): void {
    [this.#trigger, this.#closedAt] = [null, null];
  }

  /** Where the typed trigger stands in the text, to be replaced. */
  get range(): { start: number; end: number } {
    const trigger = this.#trigger;
    return trigger ? { start: trigger.start, end: trigger.start + trigger.query.length + 1 } : { start: 0, end: 0 };
  }

  /** A canned reply for the open conversation; null when that failed. */
  async render(suggestion: Suggestion): Promise<RenderedReply | null> {
    const conversation = this.#dependencies.conversation();
    if (!conversation) return null;
    const connector = this.#dependencies.connector();
    let rendered: RenderedReply | null = null;
    await this.#dependencies.attempt(async () => {
      rendered = await this.#dependencies.client.post<RenderedReply>(`/canned-replies/${suggestion.id}/render`, {
        conversation_id: conversation.id,
        ...(connector ? { connector } : {}),
      });
    });
    return rendered;
  }
}
