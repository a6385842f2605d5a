import type { Api } from '$shared/api';
import { ApiError } from '$shared/http';
import type { Attachment, Draft } from '$shared/types';
import { Uploads } from './uploads.svelte';

export type Mode = 'reply' | 'note';

export interface DraftContent {
  text: string;
  /** The address that the agent chose, as `connector address`; without the address where another screen chose it. */
  choice: string | null;
  replyTo: string | null;
  /** The copies that the agent chose; null for those of the mail answered. */
  cc: string[] | null;
}

export interface DraftPlace {
  agentId: string;
  conversationId: string;
  mode: Mode;
}

interface Stored {
  content: DraftContent;
  files: Attachment[];
  version: number;
  saved: string;
}

/** The fields of a draft that this screen leaves as they are. */
type Rest = Pick<Draft, 'subject' | 'bcc' | 'format' | 'mentions'>;

const EMPTY: DraftContent = { text: '', choice: null, replyTo: null, cc: null };
const NO_REST: Rest = { subject: '', bcc: [], format: 'plain', mentions: [] };
const PREFIX = 'hub.draft.';
/** A draft is saved after a pause this long, and while the agent goes on typing after the other time. */
const PAUSE_MS = 500;
const LONGEST_MS = 2_000;
const RETRY_MS = 5_000;
/** What a page that is closed may still send. */
const KEEPALIVE_BYTES = 60_000;

/** What counts as the same draft, on this screen and on another one. */
function fingerprint(content: DraftContent, files: readonly Attachment[]): string {
  // A chosen channel alone is nothing to keep.
  if (content.text === '' && files.length === 0 && content.cc === null && content.replyTo === null) return '';
  return JSON.stringify([content.text, content.choice?.split(' ')[0] ?? null, files.map((file) => file.id), content.cc, content.replyTo]);
}

const NOTHING = fingerprint(EMPTY, []);

function contentOf(draft: Draft): DraftContent {
  return { text: draft.text, choice: draft.connector === null ? null : `${draft.connector} `, replyTo: draft.reply_to, cc: draft.cc };
}

/**
 * The reply or the note that an agent writes in one conversation. It is stored on this device at once and on
 * the server after a pause; the words of the agent's other screens show here while these are untouched, and
 * are offered for a choice otherwise.
 */
export class DraftSlot {
  readonly place: DraftPlace;
  readonly uploads: Uploads;
  readonly #api: Api;
  #content = $state<DraftContent>({ ...EMPTY });
  #rest: Rest = NO_REST;
  #version = 0;
  #saved = NOTHING;
  #saving: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #unsavedSince = 0;
  #isRefused = false;
  /** Whether the server's version is known; that of a draft that was sent is in no list. */
  #isKnown = false;
  /** What another screen of the agent saved meanwhile, where both have words. */
  other = $state.raw<Draft | null>(null);

  constructor(api: Api, place: DraftPlace) {
    this.#api = api;
    this.place = place;
    this.uploads = new Uploads(api, () => this.#changed());
    this.#restore();
  }

  get content(): Readonly<DraftContent> {
    return this.#content;
  }

  get version(): number {
    return this.#version;
  }

  get isEmpty(): boolean {
    return this.#content.text.trim() === '' && this.uploads.items.length === 0;
  }

  get #fingerprint(): string {
    return fingerprint(this.#content, this.uploads.attachments);
  }

  get #isTouched(): boolean {
    return this.#fingerprint !== this.#saved || !this.uploads.areDone;
  }

  change(change: Partial<DraftContent>): void {
    Object.assign(this.#content, change);
    this.#changed();
  }

  /** Puts the words and files of another slot here and empties that one, unless this one has words. */
  takeFrom(from: DraftSlot): void {
    if (from.isEmpty || !this.isEmpty) return;
    this.uploads.restore(from.uploads.attachments);
    this.change({ ...from.content });
    from.uploads.clear();
    from.change({ ...EMPTY });
  }

  /**
   * Empties the slot: its words were sent.
   *
   * @param isClearedByServer the message empties the draft on the server, too.
   */
  sent({ isClearedByServer }: { isClearedByServer: boolean }): void {
    this.#stopTimer();
    this.#content = { ...EMPTY, choice: this.#content.choice };
    this.uploads.clear();
    if (isClearedByServer) this.#saved = NOTHING;
    this.#changed();
  }

  /** Empties the slot, here and on the server. */
  discard(): void {
    this.other = null;
    this.#content = { ...EMPTY };
    this.uploads.clear();
    this.#changed();
    this.flush();
  }

  /** Puts what was not sent before what was written since. */
  putBack(text: string, files: readonly Attachment[]): void {
    this.uploads.restore([...files, ...this.uploads.attachments]);
    this.change({ text: [text, this.#content.text.trim()].filter(Boolean).join('\n\n') });
  }

  /** Applies the draft as the server has it. */
  receive(draft: Draft): void {
    this.#isKnown = true;
    if (draft.version <= this.#version) return;
    const theirs = fingerprint(contentOf(draft), draft.attachments);
    const isUntouched = !this.#isTouched && this.#saving === null;
    this.#version = draft.version;
    this.#saved = theirs;
    this.#rest = { subject: draft.subject, bcc: draft.bcc, format: draft.format, mentions: draft.mentions };
    if (theirs === this.#saving || theirs === this.#fingerprint) this.other = null;
    else if (isUntouched) this.#adopt(draft);
    else if (theirs === NOTHING || isBlank(draft)) this.other = null;
    else if (this.isEmpty && this.uploads.areDone) this.#adopt(draft);
    else this.other = draft;
    this.#store();
    if (!this.other && this.#isTouched) this.#scheduleSave();
  }

  /** Ends a conflict with the words of this screen, of the other one, or with both. */
  resolve(choice: 'mine' | 'theirs' | 'both'): void {
    const draft = this.other;
    if (!draft) return;
    this.other = null;
    if (choice === 'theirs') this.#adopt(draft);
    if (choice === 'both') {
      this.uploads.restore([...this.uploads.attachments, ...draft.attachments]);
      this.#content.text = [this.#content.text.trim(), draft.text.trim()].filter(Boolean).join('\n\n');
    }
    this.#changed();
  }

  /** Saves at once: the agent leaves. */
  flush(): void {
    if (this.#timer !== undefined) void this.#save();
  }

  /** The connection is back. */
  retry(): void {
    if (!this.other && this.#isTouched) void this.#save();
  }

  #changed(): void {
    this.#isRefused = false;
    this.#store();
    this.#scheduleSave();
  }

  #scheduleSave(pause = PAUSE_MS): void {
    if (this.#timer === undefined) this.#unsavedSince = Date.now();
    clearTimeout(this.#timer);
    const latest = this.#unsavedSince + Math.max(LONGEST_MS, pause);
    this.#timer = setTimeout(() => void this.#save(), Math.max(0, Math.min(pause, latest - Date.now())));
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #save(): Promise<void> {
    this.#stopTimer();
    // One save at a time: the next one follows with the version that this one makes.
    if (this.#saving !== null || this.other || this.#isRefused || this.#fingerprint === this.#saved) return;
    if (!this.#isKnown && !(await this.#learnVersion())) return;
    if (this.#saving !== null || this.other || this.#fingerprint === this.#saved) return;
    const saving = this.#fingerprint;
    this.#saving = saving;
    const { text, choice, replyTo, cc } = this.#content;
    const body = {
      ...this.#rest,
      text,
      cc,
      connector: choice?.split(' ')[0] ?? null,
      attachments: this.uploads.attachments.map((file) => file.id),
      reply_to: replyTo,
      version: this.#version,
    };
    let pause = PAUSE_MS;
    try {
      const draft = await this.#api.saveDraft(this.place.conversationId, this.place.mode, body, {
        keepalive: document.hidden && text.length < KEEPALIVE_BYTES / 4,
      });
      this.#saving = null;
      if (draft.version > this.#version) {
        this.#version = draft.version;
        this.#saved = saving;
      }
    } catch (error) {
      this.#saving = null;
      if (!(error instanceof ApiError)) throw error;
      if (error.problem.draft) this.receive(error.problem.draft);
      else if (error.isTransient) pause = RETRY_MS;
      else this.#isRefused = true;
    }
    this.#store();
    if (!this.other && !this.#isRefused && this.#fingerprint !== this.#saved) this.#scheduleSave(pause);
  }

  /** False when the server was not reached: the save is tried again later. */
  async #learnVersion(): Promise<boolean> {
    try {
      this.receive(await this.#api.draft(this.place.conversationId, this.place.mode));
      this.#stopTimer();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.isTransient) this.#scheduleSave(RETRY_MS);
      return false;
    }
  }

  #adopt(draft: Draft): void {
    const choice = this.#content.choice;
    this.#content = contentOf(draft);
    // The other screen knows the channel alone.
    if (draft.connector === null || choice?.split(' ')[0] === draft.connector) this.#content.choice = choice;
    this.uploads.restore(draft.attachments);
  }

  get #key(): string {
    return keyOf(this.place);
  }

  #store(): void {
    if (!this.#isTouched && this.other === null) {
      localStorage.removeItem(this.#key);
      return;
    }
    const stored: Stored = { content: this.#content, files: this.uploads.attachments, version: this.#version, saved: this.#saved };
    localStorage.setItem(this.#key, JSON.stringify(stored));
  }

  #restore(): void {
    try {
      const stored = JSON.parse(localStorage.getItem(this.#key) ?? 'null') as Stored | null;
      if (!stored) return;
      this.#content = { ...EMPTY, ...stored.content };
      this.uploads.restore(stored.files);
      this.#version = stored.version;
      this.#saved = stored.saved;
    } catch {
      localStorage.removeItem(this.#key);
    }
  }
}

function isBlank(draft: Draft): boolean {
  return draft.text.trim() === '' && draft.attachments.length === 0;
}

function keyOf({ agentId, conversationId, mode }: DraftPlace): string {
  return `${PREFIX}${agentId}.${conversationId}.${mode}`;
}

/** The places of an agent's drafts that are stored on this device and not on the server. */
export function storedPlaces(agentId: string): DraftPlace[] {
  const start = `${PREFIX}${agentId}.`;
  const places: DraftPlace[] = [];
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(start)) continue;
    const [conversationId, mode] = key.slice(start.length).split('.');
    if (conversationId && (mode === 'reply' || mode === 'note')) places.push({ agentId, conversationId, mode });
  }
  return places;
}
