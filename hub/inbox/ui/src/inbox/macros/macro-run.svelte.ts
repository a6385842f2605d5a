import { m } from '$messages';
import type { JsonClient } from '$shared/http';
import type { Conversation, MacroPreview, MacroRun, UndoReport } from '$shared/types';
import type { Suggestion } from '../canned/suggestions';
import { isolated } from '../names/isolated';
import type { Toasts } from '../shell/toasts.svelte';

export interface MacroRunnerDependencies {
  client: JsonClient;
  toasts: Toasts;
  conversation: () => Conversation | null;
  attempt: (action: () => Promise<unknown>) => Promise<boolean>;
}

/** A macro that an agent has chosen: shown before it runs, and undone as one. */
export class MacroRunner {
  readonly #dependencies: MacroRunnerDependencies;
  #macro = $state.raw<Suggestion | null>(null);
  #preview = $state.raw<MacroPreview | null>(null);
  #conversationId = '';
  isBusy = $state(false);
  /** The texts of replies and notes as the agent changes them, by the index of their step. */
  texts = $state<Record<number, string>>({});

  constructor(dependencies: MacroRunnerDependencies) {
    this.#dependencies = dependencies;
  }

  get macro(): Suggestion | null {
    return this.#macro;
  }

  get preview(): MacroPreview | null {
    return this.#preview;
  }

  /** Shows what a macro would do in the open conversation. */
  async choose(macro: Suggestion): Promise<void> {
    const { client, attempt, conversation } = this.#dependencies;
    const open = conversation();
    if (!open) return;
    this.#conversationId = open.id;
    await attempt(async () => {
      const preview = await client.get<MacroPreview>(`/conversations/${open.id}/macros/${macro.id}`);
      this.texts = Object.fromEntries(preview.steps.flatMap((step, index) => (step.text ? [[index, step.text]] : [])));
      this.#preview = preview;
      this.#macro = macro;
    });
  }

  close(): void {
    [this.#macro, this.#preview] = [null, null];
  }

  async run(): Promise<void> {
    const { client, attempt } = this.#dependencies;
    const macro = this.#macro;
    if (!macro || this.isBusy) return;
    this.isBusy = true;
    const conversationId = this.#conversationId;
    await attempt(async () => {
      const run = await client.post<MacroRun>(`/conversations/${conversationId}/macros/${macro.id}`, { texts: this.texts });
      this.close();
      this.#tell(macro, run);
    });
    this.isBusy = false;
  }

  #tell(macro: Suggestion, run: MacroRun): void {
    const { client, toasts, attempt } = this.#dependencies;
    const name = isolated(macro.name);
    for (const step of run.failed) toasts.fail(m.macro_step_failed({ step: String(step.index + 1), reason: step.reason }));
    const undo = () =>
      void attempt(async () => {
        const report = await client.post<UndoReport>(`/undo/${run.undo}`);
        toasts.show(report.kept.length > 0 ? m.macro_undone_some({ name }) : m.macro_undone({ name }));
      });
    toasts.show(m.macro_done({ name }), { label: m.undo(), run: undo });
  }
}
