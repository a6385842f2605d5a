import { m } from '$messages';
import type { Api, ManyChange, Targets } from '$shared/api';
import type { Job } from '$shared/types';
import type { Toasts } from '../shell/toasts.svelte';

/** How often a job is asked for while no event tells of it. */
const ASK_MS = 2_000;
const TOPIC = 'job';

export interface BulkDependencies {
  api: Api;
  toasts: Toasts;
  /** Runs an action; an error becomes a toast. False when there was an error. */
  attempt: (action: () => Promise<unknown>) => Promise<boolean>;
}

/** The change of many conversations that is under way, and its end. */
export class Bulk {
  readonly #dependencies: BulkDependencies;
  #job = $state.raw<Job | null>(null);
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(dependencies: BulkDependencies) {
    this.#dependencies = dependencies;
  }

  /** The job that is under way. */
  get job(): Job | null {
    return this.#job;
  }

  async begin(targets: Targets, change: ManyChange): Promise<boolean> {
    const { api, attempt } = this.#dependencies;
    return attempt(async () => {
      const job = await api.changeMany(targets, change);
      this.#job = job;
      clearInterval(this.#timer);
      this.#timer = setInterval(() => void this.#ask(job.id), ASK_MS);
      this.apply(job);
    });
  }

  async stop(): Promise<void> {
    const job = this.#job;
    if (job) await this.#dependencies.attempt(async () => this.apply(await this.#dependencies.api.stopJob(job.id)));
  }

  /** Takes what the server says of a job. */
  apply(job: Job): void {
    if (job.id !== this.#job?.id) return;
    const isOlder = job.done + job.failed.length < this.#job.done + this.#job.failed.length && !job.finished_at;
    if (isOlder) return;
    this.#job = job;
    if (job.finished_at) this.#finish(job);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#job = null;
  }

  #finish(job: Job): void {
    const { api, attempt, toasts } = this.#dependencies;
    this.close();
    const failed = job.failed[0];
    if (failed) toasts.fail(m.bulk_failed({ count: job.failed.length, reason: failed.reason }));
    if (job.done === 0) return;
    const undo = async () => {
      const report = await api.undo(job.undo);
      const kept = new Set(report.kept.map((field) => field.conversation_id)).size;
      toasts.show(kept > 0 ? m.bulk_undone_but({ count: kept }) : m.bulk_undone(), undefined, TOPIC);
    };
    toasts.show(m.bulk_done({ count: job.done }), { label: m.undo(), run: () => void attempt(undo) }, TOPIC);
  }

  async #ask(jobId: string): Promise<void> {
    try {
      this.apply(await this.#dependencies.api.job(jobId));
    } catch {
      // The next question, or an event, says how far it is.
    }
  }
}
