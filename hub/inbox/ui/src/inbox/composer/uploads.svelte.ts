import { newId } from '$shared/id';
import type { Api } from '$shared/api';
import type { Attachment } from '$shared/types';
import { problemText } from '../shell/problem-text';

export interface Upload {
  key: string;
  file: File;
  previewUrl: string;
  share: number;
  attachment: Attachment | null;
  problem: string;
  abort: AbortController;
}

/** Files that were added to a message and are being uploaded while the agent still writes. */
export class Uploads {
  #api: Api;
  #items = $state<Upload[]>([]);

  constructor(api: Api) {
    this.#api = api;
  }

  get items(): readonly Upload[] {
    return this.#items;
  }

  get attachments(): Attachment[] {
    return this.#items.flatMap((item) => (item.attachment ? [item.attachment] : []));
  }

  get areDone(): boolean {
    return this.#items.every((item) => item.attachment !== null);
  }

  add(files: Iterable<File>): void {
    for (const file of files) {
      const isPicture = file.type.startsWith('image/');
      this.#items.push({
        key: newId(),
        file,
        previewUrl: isPicture ? URL.createObjectURL(file) : '',
        share: 0,
        attachment: null,
        problem: '',
        abort: new AbortController(),
      });
      const item = this.#items.at(-1);
      if (item) void this.#upload(item);
    }
  }

  retry(item: Upload): void {
    void this.#upload(item);
  }

  remove(item: Upload): void {
    item.abort.abort();
    if (item.previewUrl) URL.revokeObjectURL(item.previewUrl);
    this.#items = this.#items.filter((kept) => kept.key !== item.key);
  }

  clear(): void {
    for (const item of this.#items) if (item.previewUrl) URL.revokeObjectURL(item.previewUrl);
    this.#items = [];
  }

  async #upload(item: Upload): Promise<void> {
    item.problem = '';
    item.share = 0;
    try {
      item.attachment = await this.#api.upload(item.file, (share) => (item.share = share), item.abort.signal);
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') return;
      item.problem = problemText(error);
    }
  }
}
