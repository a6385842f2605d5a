import { newId } from '$shared/id';
import type { Api } from '$shared/api';
import type { Attachment } from '$shared/types';
import { problemText } from '../shell/problem-text';

export interface Upload {
  key: string;
  file: { name: string; size: number; type: string };
  previewUrl: string;
  share: number;
  attachment: Attachment | null;
  problem: string;
  abort: AbortController;
}

/** Files that were added to a message and are being uploaded while the agent still writes. */
export class Uploads {
  #api: Api;
  #onchange: () => void;
  #items = $state<Upload[]>([]);
  /** The bytes of what is being uploaded, by key. */
  #sources = new Map<string, File>();

  /** @param onchange is called when the uploaded files are others than before. */
  constructor(api: Api, onchange: () => void = () => {}) {
    this.#api = api;
    this.#onchange = onchange;
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
      const key = newId();
      this.#sources.set(key, file);
      this.#items.push({
        key,
        file: { name: file.name, size: file.size, type: file.type },
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

  /** Shows files that were uploaded before: of a draft, or of a message that was taken back. */
  restore(attachments: readonly Attachment[]): void {
    const known = new Map(this.#items.map((item) => [item.attachment?.id, item]));
    this.#items = attachments.map((attachment) => known.get(attachment.id) ?? restored(attachment));
  }

  /** Adds files that are on the server: those of a canned reply. */
  adopt(attachments: readonly Attachment[]): void {
    const present = new Set(this.#items.map((item) => item.key));
    this.#items.push(...attachments.filter((attachment) => !present.has(attachment.id)).map(restored));
    if (attachments.length > 0) this.#onchange();
  }

  retry(item: Upload): void {
    void this.#upload(item);
  }

  remove(item: Upload): void {
    item.abort.abort();
    if (item.previewUrl.startsWith('blob:')) URL.revokeObjectURL(item.previewUrl);
    this.#sources.delete(item.key);
    this.#items = this.#items.filter((kept) => kept.key !== item.key);
    this.#onchange();
  }

  clear(): void {
    for (const item of this.#items) if (item.previewUrl.startsWith('blob:')) URL.revokeObjectURL(item.previewUrl);
    this.#sources.clear();
    this.#items = [];
  }

  async #upload(item: Upload): Promise<void> {
    const source = this.#sources.get(item.key);
    if (!source) return;
    item.problem = '';
    item.share = 0;
    try {
      item.attachment = await this.#api.upload(source, (share) => (item.share = share), item.abort.signal);
      this.#onchange();
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') return;
      item.problem = problemText(error);
    }
  }
}

function restored(attachment: Attachment): Upload {
  return {
    key: attachment.id,
    file: { name: attachment.name, size: attachment.size ?? 0, type: attachment.media_type },
    previewUrl: attachment.media_type.startsWith('image/') ? attachment.url : '',
    share: 1,
    attachment,
    problem: '',
    abort: new AbortController(),
  };
}
