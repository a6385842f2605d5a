import { m } from '$messages';
import type { Api } from '$shared/api';
import { clock } from '$shared/clock.svelte';
import { newId } from '$shared/id';
import type { ContactAddress, Conversation, Connector, Message } from '$shared/types';
import { fileProblem } from './file-check';
import { deliveryForecast, usesFallback, type DeliveryForecast } from './delivery-forecast';
import { replyWindow, type ReplyWindow } from './reply-window';
import { textUse, type TextUse } from './text-limit';
import type { Conversations } from '../list/conversations.svelte';
import type { Details } from '../details/details.svelte';
import type { Directory } from '../names/directory.svelte';
import type { Outbox } from './outbox.svelte';
import type { Timeline } from '../thread/timeline-state.svelte';
import { Copies } from './copies.svelte';
import { Uploads } from './uploads.svelte';

export type Mode = 'reply' | 'note';

interface Draft {
  text: string;
  mode: Mode;
  choice: string | null;
  replyTo: string | null;
  /** The copies that the agent chose; null for those of the mail answered. */
  cc: string[] | null;
}

const EMPTY: Draft = { text: '', mode: 'reply', choice: null, replyTo: null, cc: null };
const TYPING_INTERVAL_MS = 3_000;
const TYPING_ENDS_MS = 5_000;

export interface ComposerDependencies {
  api: Api;
  timeline: Timeline;
  details: Details;
  directory: Directory;
  outbox: Outbox;
  conversations: Pick<Conversations, 'get'>;
  sendTyping: (conversationId: string, on: boolean) => void;
}

function keyOf(address: { connector: string | null; address: string | null }): string {
  return `${address.connector ?? ''} ${address.address ?? ''}`;
}

/** The reply or note that the agent is writing in the open conversation, and the address of a reply. */
export class Composer {
  #dependencies: ComposerDependencies;
  #conversation = $state<Conversation | null>(null);
  #draft = $state<Draft>({ ...EMPTY });
  #typingSentAt = 0;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  readonly uploads: Uploads;
  readonly copies: Copies;
  /** Counts up with each request to move the cursor into the field. */
  focusRequests = $state(0);

  readonly address: ContactAddress | null = $derived.by(() => this.#chosenAddress());
  readonly connector: Connector | null = $derived.by(() => this.#dependencies.directory.connector(this.address?.connector));

  constructor(dependencies: ComposerDependencies) {
    this.#dependencies = dependencies;
    this.uploads = new Uploads(dependencies.api);
    this.copies = new Copies(dependencies.api, {
      get: () => this.#draft.cc,
      set: (cc) => {
        this.#draft.cc = cc;
        this.#save();
      },
    });
  }

  get text(): string {
    return this.#draft.text;
  }

  get mode(): Mode {
    return this.#draft.mode;
  }

  get replyTo(): Message | null {
    return this.#dependencies.timeline.message(this.#draft.replyTo);
  }

  /** The mail that a reply answers, whose other recipients get a copy; null on other channels. */
  get answeredMail(): Message | null {
    const { address } = this;
    if (this.mode === 'note' || address?.kind !== 'email') return null;
    if (this.replyTo) return this.replyTo;
    return this.#dependencies.timeline.messages.findLast((m) => m.direction === 'in' && m.type === 'message' && keyOf(m) === keyOf(address)) ?? null;
  }

  get addresses(): readonly ContactAddress[] {
    return this.#dependencies.details.addresses;
  }

  /**
   * The addresses and the timeline are loaded. A reply sent before goes without a channel: the server
   * sends it to the customer's last address, so that a quick agent need not wait.
   */
  get isAddressKnown(): boolean {
    const { details, timeline } = this.#dependencies;
    return details.isLoaded && (timeline.isLoaded || timeline.problem !== '');
  }

  /** The agent chose another address than the one that the customer used last. */
  get isOtherAddress(): boolean {
    const lastUsed = this.#lastUsedAddress();
    return lastUsed !== null && this.address !== null && keyOf(lastUsed) !== keyOf(this.address);
  }

  get channel(): string {
    return this.address ? this.#dependencies.directory.channelName(this.address.connector, this.address.kind) : '';
  }

  get textUse(): TextUse | null {
    const capabilities = this.connector?.capabilities;
    return this.mode === 'reply' && capabilities ? textUse(this.text, capabilities) : null;
  }

  get window(): ReplyWindow {
    return this.address ? replyWindow(this.address, clock.now) : { state: 'none' };
  }

  /** What will happen to the reply, shown before it is written; null for a note. */
  get forecast(): DeliveryForecast | null {
    const { directory } = this.#dependencies;
    if (this.mode === 'note' || !this.address) return null;
    return deliveryForecast(this.address, (connector, kind) => directory.channelName(connector, kind), clock.now);
  }

  /** The reason why the reply cannot be sent as it is; empty when it can. */
  get obstacle(): string {
    const failed = this.uploads.items.find((item) => item.problem);
    if (failed) return m.upload_failed({ reason: failed.problem });
    if (this.mode === 'note') return '';
    const { address } = this;
    if (!address) return this.isAddressKnown ? m.no_channel() : '';
    if (!address.reachable) return address.reason || m.unreachable_default();
    if (this.window.state === 'closed' && !usesFallback(address, clock.now)) return m.window_closed({ channel: this.channel });
    const capabilities = this.connector?.capabilities;
    if (!capabilities) return '';
    if (this.textUse?.tooLong) return m.too_long({ channel: this.channel });
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
    const hasAddress = this.mode === 'note' || this.address !== null || !this.isAddressKnown;
    return hasContent && hasAddress && this.obstacle === '' && this.uploads.areDone;
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
    this.#save();
    if (this.mode === 'reply' && text.trim()) this.#startTyping();
    else this.#stopTyping();
  }

  /** Adds a text to the end of the reply. */
  insert(text: string): void {
    this.#draft.mode = 'reply';
    this.write(this.text.trim() ? `${this.text.trimEnd()}\n${text}` : text);
    this.focusRequests += 1;
  }

  /** Puts the cursor into the field. */
  focus(): void {
    this.focusRequests += 1;
  }

  setMode(mode: Mode): void {
    this.#draft.mode = mode;
    this.#save();
    if (mode === 'note') this.#stopTyping();
    this.focusRequests += 1;
  }

  chooseAddress(address: ContactAddress): void {
    this.#draft.choice = keyOf(address);
    this.#save();
    this.focusRequests += 1;
  }

  replyToMessage(message: Message | null): void {
    this.#draft.replyTo = message?.id ?? null;
    this.#draft.cc = null;
    if (message) this.#draft.mode = 'reply';
    this.#save();
    this.focusRequests += 1;
  }

  /** Loads the addresses again, which say whether a visitor is still on the page. */
  refreshAddresses(): void {
    void this.#dependencies.details.refreshAddresses();
  }

  async send(): Promise<void> {
    const conversation = this.#conversation;
    if (!conversation || !this.canSend) return;
    const { mode, address } = this;
    const attachments = this.uploads.attachments;
    const isReply = mode === 'reply';
    const connector = address?.connector ?? this.#draft.choice?.split(' ')[0];
    const outgoing = {
      conversation: isReply && address ? this.#conversationOf(conversation, address) : conversation,
      attachments,
      kind: address?.kind ?? null,
      address: address?.address ?? null,
      message: {
        text: this.text.trim(),
        type: isReply ? ('message' as const) : ('note' as const),
        client_id: newId(),
        ...(isReply && connector ? { connector } : {}),
        ...(attachments.length > 0 ? { attachments: attachments.map((a) => a.id) } : {}),
        ...(isReply && this.#draft.replyTo ? { reply_to: this.#draft.replyTo } : {}),
        ...(isReply && address?.kind === 'email' && this.#draft.cc ? { cc: this.#draft.cc } : {}),
      },
    };
    this.#draft = { ...EMPTY, mode, choice: this.#draft.choice };
    this.uploads.clear();
    this.#save();
    this.#stopTyping();
    await this.#dependencies.outbox.send(outgoing);
  }

  /** The open conversation in which the customer last wrote from this address, else the shown one. */
  #conversationOf(shown: Conversation, address: ContactAddress): Conversation {
    const last = this.#dependencies.timeline.messages.findLast((m) => m.direction === 'in' && m.type === 'message' && keyOf(m) === keyOf(address));
    const conversation = this.#dependencies.conversations.get(last?.conversation_id ?? '');
    return conversation && conversation.status !== 'resolved' && conversation.contact.id === shown.contact.id ? conversation : shown;
  }

  /** The customer's address that a reply goes to unless the agent chooses another. */
  #lastUsedAddress(): ContactAddress | null {
    const last = this.#dependencies.timeline.lastInbound;
    if (!last) return null;
    return this.addresses.find((address) => keyOf(address) === keyOf(last)) ?? null;
  }

  #chosenAddress(): ContactAddress | null {
    const chosen = this.addresses.find((address) => keyOf(address) === this.#draft.choice);
    const preferred = chosen ?? this.#lastUsedAddress();
    // While the timeline loads, any other address would be a guess.
    if (preferred || !this.isAddressKnown) return preferred;
    return this.addresses.find((address) => address.reachable) ?? this.addresses[0] ?? null;
  }

  #startTyping(): void {
    const conversation = this.#conversation;
    if (!conversation) return;
    const now = Date.now();
    if (now - this.#typingSentAt > TYPING_INTERVAL_MS) {
      this.#typingSentAt = now;
      this.#dependencies.sendTyping(conversation.id, true);
    }
    clearTimeout(this.#typingTimer);
    this.#typingTimer = setTimeout(() => this.#stopTyping(), TYPING_ENDS_MS);
  }

  #stopTyping(): void {
    clearTimeout(this.#typingTimer);
    if (this.#typingSentAt && this.#conversation) this.#dependencies.sendTyping(this.#conversation.id, false);
    this.#typingSentAt = 0;
  }

  #save(): void {
    if (this.#conversation) saveDraft(this.#conversation.id, this.#draft);
  }
}

const DRAFT = 'hub.draft.';

function readDraft(conversationId: string): Draft {
  try {
    const stored = JSON.parse(localStorage.getItem(DRAFT + conversationId) ?? '{}') as Partial<Draft>;
    return { ...EMPTY, ...stored };
  } catch {
    return { ...EMPTY };
  }
}

function saveDraft(conversationId: string, draft: Draft): void {
  const isWorthStoring = draft.text !== '' || draft.replyTo !== null || draft.cc !== null;
  if (isWorthStoring) localStorage.setItem(DRAFT + conversationId, JSON.stringify(draft));
  else localStorage.removeItem(DRAFT + conversationId);
}

/** Moves a draft to the conversation into which its own was merged, unless that one has a draft too. */
export function moveDraft(fromId: string, toId: string): void {
  const draft = readDraft(fromId);
  if (draft.text === '' || readDraft(toId).text !== '') return;
  saveDraft(toId, draft);
  saveDraft(fromId, EMPTY);
}

/** The text of a conversation's draft, for the list. */
export function draftText(conversationId: string): string {
  return readDraft(conversationId).text;
}
