import { m } from '$messages';
import type { Api } from '$shared/api';
import { clock } from '$shared/clock.svelte';
import { newId } from '$shared/id';
import type { ContactAddress, Conversation, Connector, Message } from '$shared/types';
import { fileProblem } from './file-check';
import { foresight, goesElsewhere, type Foresight } from './delivery-forecast';
import { replyWindow, type ReplyWindow } from './reply-window';
import { textUse, type TextUse } from './text-limit';
import type { Conversations } from '../list/conversations.svelte';
import type { Details } from '../details/details.svelte';
import type { Directory } from '../names/directory.svelte';
import type { Outbox } from './outbox.svelte';
import type { Thread } from '../thread/thread.svelte';
import { Uploads } from './uploads.svelte';

export type Mode = 'reply' | 'note';

interface Draft {
  text: string;
  mode: Mode;
  choice: string | null;
  replyTo: string | null;
}

const EMPTY: Draft = { text: '', mode: 'reply', choice: null, replyTo: null };
const TYPING_EVERY = 3_000;
const TYPING_ENDS = 5_000;

export interface ComposerNeeds {
  api: Api;
  thread: Thread;
  details: Details;
  directory: Directory;
  outbox: Outbox;
  conversations: Pick<Conversations, 'get'>;
  tellTyping: (conversationId: string, on: boolean) => void;
}

function keyOf(address: { connector: string | null; address: string | null }): string {
  return `${address.connector ?? ''} ${address.address ?? ''}`;
}

/** What the agent is writing in the open conversation, and where it will go. */
export class Composer {
  #needs: ComposerNeeds;
  #conversation = $state<Conversation | null>(null);
  #draft = $state<Draft>({ ...EMPTY });
  #typingSince = 0;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  readonly uploads: Uploads;
  /** Counts up when something wants the cursor in the field. */
  focusWish = $state(0);

  readonly target: ContactAddress | null = $derived.by(() => this.#target());
  readonly connector: Connector | null = $derived.by(() => this.#needs.directory.connector(this.target?.connector));

  constructor(needs: ComposerNeeds) {
    this.#needs = needs;
    this.uploads = new Uploads(needs.api);
  }

  get text(): string {
    return this.#draft.text;
  }

  get mode(): Mode {
    return this.#draft.mode;
  }

  get replyTo(): Message | null {
    return this.#needs.thread.message(this.#draft.replyTo);
  }

  get choices(): readonly ContactAddress[] {
    return this.#needs.details.addresses;
  }

  /**
   * All is here that says where a reply goes. One that is sent before goes without a channel: the
   * server answers where the customer wrote, so nobody who types at once has to wait.
   */
  get knowsWhere(): boolean {
    const { details, thread } = this.#needs;
    return details.isLoaded && (thread.isLoaded || thread.problem !== '');
  }

  /** The agent chose another address than the one that the customer used last. */
  get isElsewhere(): boolean {
    const natural = this.#natural();
    return natural !== null && this.target !== null && keyOf(natural) !== keyOf(this.target);
  }

  get channel(): string {
    return this.target ? this.#needs.directory.channelName(this.target.connector, this.target.kind) : '';
  }

  get use(): TextUse | null {
    const capabilities = this.connector?.capabilities;
    return this.mode === 'reply' && capabilities ? textUse(this.text, capabilities) : null;
  }

  get window(): ReplyWindow {
    return this.target ? replyWindow(this.target, clock.now) : { state: 'none' };
  }

  /** What will become of the reply, before it is written. A note stays here. */
  get foresight(): Foresight | null {
    const { directory } = this.#needs;
    if (this.mode === 'note' || !this.target) return null;
    return foresight(this.target, (connector, kind) => directory.channelName(connector, kind), clock.now);
  }

  /** Why the reply cannot go as it is; empty when it can. */
  get obstacle(): string {
    const failed = this.uploads.items.find((item) => item.problem);
    if (failed) return m.upload_failed({ reason: failed.problem });
    if (this.mode === 'note') return '';
    const { target } = this;
    if (!target) return this.knowsWhere ? m.no_channel() : '';
    if (!target.reachable) return target.reason || m.unreachable_default();
    if (this.window.state === 'closed' && !goesElsewhere(target, clock.now)) return m.window_closed({ channel: this.channel });
    const capabilities = this.connector?.capabilities;
    if (!capabilities) return '';
    if (this.use?.tooLong) return m.too_long({ channel: this.channel });
    if (this.uploads.items.length > capabilities.max_attachments) {
      return m.too_many_files({ channel: this.channel, count: capabilities.max_attachments });
    }
    for (const item of this.uploads.items) {
      const problem = fileProblem(item.file, capabilities, this.channel);
      if (problem) return problem;
    }
    return '';
  }

  get canSend(): boolean {
    const hasContent = this.text.trim() !== '' || this.uploads.items.length > 0;
    const hasPlace = this.mode === 'note' || this.target !== null || !this.knowsWhere;
    return hasContent && hasPlace && this.obstacle === '' && this.uploads.areDone;
  }

  open(conversation: Conversation): void {
    if (this.#conversation?.id === conversation.id) return;
    this.#stopTyping();
    this.#conversation = conversation;
    this.uploads.clear();
    this.#draft = readDraft(conversation.id);
  }

  write(text: string): void {
    this.#draft.text = text;
    this.#keep();
    if (this.mode === 'reply' && text.trim()) this.#typing();
    else this.#stopTyping();
  }

  /** Adds words to the reply, after what is there. */
  insert(text: string): void {
    this.#draft.mode = 'reply';
    this.write(this.text.trim() ? `${this.text.trimEnd()}\n${text}` : text);
    this.focusWish += 1;
  }

  /** Puts the cursor into the field. */
  focus(): void {
    this.focusWish += 1;
  }

  setMode(mode: Mode): void {
    this.#draft.mode = mode;
    this.#keep();
    if (mode === 'note') this.#stopTyping();
    this.focusWish += 1;
  }

  choose(address: ContactAddress): void {
    this.#draft.choice = keyOf(address);
    this.#keep();
    this.focusWish += 1;
  }

  refer(message: Message | null): void {
    this.#draft.replyTo = message?.id ?? null;
    if (message) this.#draft.mode = 'reply';
    this.#keep();
    this.focusWish += 1;
  }

  async send(): Promise<void> {
    const conversation = this.#conversation;
    if (!conversation || !this.canSend) return;
    const { mode, target } = this;
    const attachments = this.uploads.attachments;
    const isReply = mode === 'reply';
    const connector = target?.connector ?? this.#draft.choice?.split(' ')[0];
    const outgoing = {
      conversation: isReply && target ? this.#home(conversation, target) : conversation,
      attachments,
      kind: target?.kind ?? null,
      address: target?.address ?? null,
      message: {
        text: this.text.trim(),
        type: isReply ? ('message' as const) : ('note' as const),
        client_id: newId(),
        ...(isReply && connector ? { connector } : {}),
        ...(attachments.length > 0 ? { attachments: attachments.map((a) => a.id) } : {}),
        ...(isReply && this.#draft.replyTo ? { reply_to: this.#draft.replyTo } : {}),
      },
    };
    this.#draft = { ...EMPTY, mode, choice: this.#draft.choice };
    this.uploads.clear();
    this.#keep();
    this.#stopTyping();
    await this.#needs.outbox.send(outgoing);
  }

  /** The open conversation in which the customer last wrote from this address, else the shown one. */
  #home(shown: Conversation, target: ContactAddress): Conversation {
    const last = this.#needs.thread.messages.findLast((m) => m.direction === 'in' && m.type === 'message' && keyOf(m) === keyOf(target));
    const home = this.#needs.conversations.get(last?.conversation_id ?? '');
    return home && home.status !== 'resolved' && home.contact.id === shown.contact.id ? home : shown;
  }

  /** The customer's address that a reply goes to unless the agent chooses another. */
  #natural(): ContactAddress | null {
    const last = this.#needs.thread.lastInbound;
    if (!last) return null;
    return this.choices.find((choice) => keyOf(choice) === keyOf(last)) ?? null;
  }

  #target(): ContactAddress | null {
    const chosen = this.choices.find((choice) => keyOf(choice) === this.#draft.choice);
    const natural = chosen ?? this.#natural();
    // Any other address would be a guess while the timeline is on its way.
    if (natural || !this.knowsWhere) return natural;
    return this.choices.find((choice) => choice.reachable) ?? this.choices[0] ?? null;
  }

  #typing(): void {
    const conversation = this.#conversation;
    if (!conversation) return;
    const now = Date.now();
    if (now - this.#typingSince > TYPING_EVERY) {
      this.#typingSince = now;
      this.#needs.tellTyping(conversation.id, true);
    }
    clearTimeout(this.#typingTimer);
    this.#typingTimer = setTimeout(() => this.#stopTyping(), TYPING_ENDS);
  }

  #stopTyping(): void {
    clearTimeout(this.#typingTimer);
    if (this.#typingSince && this.#conversation) this.#needs.tellTyping(this.#conversation.id, false);
    this.#typingSince = 0;
  }

  #keep(): void {
    if (this.#conversation) keepDraft(this.#conversation.id, this.#draft);
  }
}

const DRAFT = 'hub.draft.';

function readDraft(conversationId: string): Draft {
  try {
    const kept = JSON.parse(localStorage.getItem(DRAFT + conversationId) ?? '{}') as Partial<Draft>;
    return { ...EMPTY, ...kept };
  } catch {
    return { ...EMPTY };
  }
}

function keepDraft(conversationId: string, draft: Draft): void {
  const isWorthKeeping = draft.text !== '' || draft.replyTo !== null;
  if (isWorthKeeping) localStorage.setItem(DRAFT + conversationId, JSON.stringify(draft));
  else localStorage.removeItem(DRAFT + conversationId);
}

/** A draft goes along when its conversation becomes part of another, unless one waits there too. */
export function carryDraft(fromId: string, toId: string): void {
  const draft = readDraft(fromId);
  if (draft.text === '' || readDraft(toId).text !== '') return;
  keepDraft(toId, draft);
  keepDraft(fromId, EMPTY);
}

/** The text kept for a conversation, for the list. */
export function draftText(conversationId: string): string {
  return readDraft(conversationId).text;
}
