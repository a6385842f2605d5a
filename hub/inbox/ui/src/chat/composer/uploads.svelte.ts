// The files beside the text in the composer: each goes up as soon as it is chosen.
import { ApiError, uploadFile } from '$shared/http';
import type { Attachment } from '$shared/types';

export type Problem = 'too_large' | 'refused' | 'failed';

export interface Upload {
  key: number;
  file: File;
  /** Between 0 and 1. */
  share: number;
  problem: Problem | null;
  attachment: Attachment | null;
  preview: string | null;
}

export type Send = (file: File, progress: (share: number) => void, stop: AbortSignal) => Promise<Attachment>;

export class Uploads {
  #items = $state<Upload[]>([]);
  #isFull = $state(false);
  #stops = new Map<number, AbortController>();
  #next = 1;
  readonly #send: Send;
  readonly #maxBytes: number | null;
  readonly #maxCount: number;

  constructor(send: Send, maxBytes: number | null, maxCount: number) {
    this.#send = send;
    this.#maxBytes = maxBytes;
    this.#maxCount = maxCount;
  }

  get items(): readonly Upload[] {
    return this.#items;
  }

  /** More were chosen than one message takes. */
  get isFull(): boolean {
    return this.#isFull;
  }

  get isBusy(): boolean {
    return this.#items.some((item) => !item.attachment && !item.problem);
  }

  get ready(): Attachment[] {
    return this.#items.flatMap((item) => (item.attachment ? [item.attachment] : []));
  }

  add(files: Iterable<File>): void {
    this.#isFull = false;
    for (const file of files) {
      if (this.#items.length >= this.#maxCount) {
        this.#isFull = true;
        return;
      }
      const key = this.#next++;
      const isTooLarge = this.#maxBytes !== null && file.size > this.#maxBytes;
      this.#items.push({
        key,
        file,
        share: 0,
        problem: isTooLarge ? 'too_large' : null,
        attachment: null,
        preview: /^image\/(png|jpeg|gif|webp|avif)$/.test(file.type) ? URL.createObjectURL(file) : null,
      });
      if (!isTooLarge) void this.#upload(key);
    }
  }

  again(key: number): void {
    const item = this.#find(key);
    if (!item) return;
    item.problem = null;
    item.share = 0;
    void this.#upload(key);
  }

  remove(key: number): void {
    this.#stops.get(key)?.abort();
    this.#letGo(this.#items.filter((item) => item.key === key));
    this.#items = this.#items.filter((item) => item.key !== key);
    this.#isFull = false;
  }

  /** The message with them has left. */
  clear(): void {
    for (const stop of this.#stops.values()) stop.abort();
    this.#letGo(this.#items);
    this.#items = [];
    this.#isFull = false;
  }

  async #upload(key: number): Promise<void> {
    const item = this.#find(key);
    if (!item) return;
    const stop = new AbortController();
    this.#stops.set(key, stop);
    try {
      const attachment = await this.#send(item.file, (share) => (item.share = share), stop.signal);
      item.attachment = attachment;
    } catch (error) {
      if (stop.signal.aborted) return;
      item.problem = problemOf(error);
    } finally {
      this.#stops.delete(key);
    }
  }

  #letGo(items: readonly Upload[]): void {
    for (const { preview } of items) if (preview) URL.revokeObjectURL(preview);
  }

  #find(key: number): Upload | undefined {
    return this.#items.find((item) => item.key === key);
  }
}

function problemOf(error: unknown): Problem {
  if (!(error instanceof ApiError)) return 'failed';
  if (error.status === 413) return 'too_large';
  return error.status === 415 || error.status === 422 ? 'refused' : 'failed';
}

/** Sends one file for this session. */
export function uploadTo(connector: string, session: () => string | null): Send {
  return (file, progress, stop) => {
    const token = session();
    if (token === null) return Promise.reject(new ApiError({ status: 0 }));
    const url = `/chat/${encodeURIComponent(connector)}/uploads`;
    return uploadFile<Attachment>(url, { Authorization: `Bearer ${token}` }, file, progress, stop);
  };
}
