import type { Api } from '$shared/api';

/** How the signed-in agent likes to send, as the server has it. */
export class WritingSettings {
  readonly #api: Pick<Api, 'writingSettings' | 'saveWritingSettings'>;
  #undoSeconds = $state(0);
  #asksIfNew = $state(true);

  constructor(api: Pick<Api, 'writingSettings' | 'saveWritingSettings'>) {
    this.#api = api;
  }

  /** How long a sent message can be undone; 0 for not at all. */
  get undoSeconds(): number {
    return this.#undoSeconds;
  }

  /** Whether the agent is asked before an answer leaves that was begun before something came in. */
  get asksIfNew(): boolean {
    return this.#asksIfNew;
  }

  async load(): Promise<void> {
    this.#apply(await this.#api.writingSettings());
  }

  async save(change: { undo_seconds?: number; ask_if_new?: boolean }): Promise<void> {
    this.#apply(await this.#api.saveWritingSettings({ undo_seconds: this.#undoSeconds, ask_if_new: this.#asksIfNew, ...change }));
  }

  #apply(settings: { undo_seconds: number; ask_if_new: boolean }): void {
    this.#undoSeconds = settings.undo_seconds;
    this.#asksIfNew = settings.ask_if_new;
  }
}
