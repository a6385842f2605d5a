import { m } from '$messages';
import type { Api } from '$shared/api';
import { clock } from '$shared/clock.svelte';
import { newId } from '$shared/id';
import type { Attachment, ContactAddress, Conversation, Connector, Message } from '$shared/types';
import { findBlanks } from '../canned/blanks';
import { fileProblem } from './file-check';
import { deliveryForecast, usesFallback, type DeliveryForecast } from './delivery-forecast';
import { replyWindow, type ReplyWindow } from './reply-window';
import { textUse, type TextUse } from './text-limit';
import type { Conversations } from '../list/conversations.svelte';
import type { Details } from '../details/details.svelte';
import type { MentionNames } from '../mentions/mention-names.svelte';
import type { Directory } from '../names/directory.svelte';
import type { Outbox } from './outbox.svelte';
import type { Timeline } from '../thread/timeline-state.svelte';
import { Copies } from './copies.svelte';
import type { DraftContent, DraftSlot, Mode } from './draft-slot.svelte';
import type { Drafts } from './drafts.svelte';
import type { PlannedTime } from './send-times';
import type { WritingSettings } from './writing-settings.svelte';
import type { Uploads } from './uploads.svelte';

const TYPING_INTERVAL_MS = 3_000;
const TYPING_ENDS_MS = 5_000;

export interface SendOptions {
  /** Whether the conversation is resolved with the answer. */
  resolves?: boolean;
  /** When it leaves, and whether it does though the customer wrote meanwhile. */
  later?: PlannedTime & { send_anyway: boolean };
}

export interface ComposerDependencies {
  api: Api;
  timeline: Timeline;
  details: Details;
  directory: Directory;
  outbox: Outbox;
  drafts: Drafts;
  settings: Pick<WritingSettings, 'undoSeconds' | 'asksIfNew'>;
  agentId: () => string;
  /** Opens what follows a conversation that was resolved with an answer. */
  onresolved: (conversation: Conversation) => void;
  conversations: Pick<Conversations, 'get'>;
  mentionNames: MentionNames;
  sendTyping: (conversationId: string, on: boolean) => void;
}

function keyOf(address: { connector: string | null; address: string | null }): string {
  return `${address.connector ?? ''} ${address.address ?? ''}`;
}

/** The reply or note that the agent is writing in the open conversation, and the address of a reply. */
export class Composer {
  #dependencies: ComposerDependencies;
  #conversation = $state<Conversation | null>(null);
  #mode = $state<Mode>('reply');
  #reply = $state.raw<DraftSlot | null>(null);
  #note = $state.raw<DraftSlot | null>(null);
  /** The newest message when the agent began to write; null before. */
  #seenId: string | null = null;
  #asked: SendOptions = {};
  /** What others wrote since the agent began, while they are asked whether to send all the same. */
  unseen = $state.raw<readonly Message[]>([]);
  #typingSentAt = 0;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  readonly copies: Copies;
  /** Counts up with each request to move the cursor into the field. */
  focusRequests = $state(0);

  readonly address: ContactAddress | null = $derived.by(() => this.#chosenAddress());
  readonly connector: Connector | null = $derived.by(() => this.#dependencies.directory.connector(this.address?.connector));

  constructor(dependencies: ComposerDependencies) {
    this.#dependencies = dependencies;
    this.copies = new Copies(dependencies.api, {
      get: () => this.slot.content.cc,
      set: (cc) => this.slot.change({ cc }),
    });
  }

  /** What is being written: the reply or the note. Neither ever becomes the other. */
  get slot(): DraftSlot {
    const slot = this.mode === 'note' ? this.#note : this.#reply;
    return slot ?? this.#dependencies.drafts.nowhere;
  }

  get uploads(): Uploads {
    return this.slot.uploads;
  }

  /** Whom a note may name. */
  get mentionNames(): MentionNames {
    return this.#dependencies.mentionNames;
  }

  get text(): string {
    return this.slot.content.text;
  }

  get mode(): Mode {
    return this.#mode;
  }

  get replyTo(): Message | null {
    return this.#dependencies.timeline.message(this.slot.content.replyTo);
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
    if (this.slot.other) return m.draft_conflict();
    if (findBlanks(this.text).length > 0) return m.blanks_left();
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
    this.#reply?.flush();
    this.#note?.flush();
    this.#reply = this.#dependencies.drafts.slot(conversation.id, 'reply');
    this.#note = this.#dependencies.drafts.slot(conversation.id, 'note');
    this.#seenId = null;
    this.unseen = [];
    this.#mode = this.#reply.isEmpty && !this.#note.isEmpty ? 'note' : 'reply';
  }

  write(text: string): void {
    this.#seenId ??= this.#dependencies.timeline.newestId;
    this.slot.change({ text });
    if (this.mode === 'reply' && text.trim()) this.#startTyping();
    else this.#stopTyping();
  }

  /** Adds a text to the end of the reply. */
  insert(text: string): void {
    this.#mode = 'reply';
    this.write(this.text.trim() ? `${this.text.trimEnd()}\n${text}` : text);
    this.focusRequests += 1;
  }

  /** Puts the cursor into the field. */
  focus(): void {
    this.focusRequests += 1;
  }

  setMode(mode: Mode): void {
    this.slot.flush();
    this.#mode = mode;
    if (mode === 'note') this.#stopTyping();
    this.focusRequests += 1;
  }

  chooseAddress(address: ContactAddress): void {
    this.slot.change({ choice: keyOf(address) });
    this.focusRequests += 1;
  }

  replyToMessage(message: Message | null): void {
    if (message) this.#mode = 'reply';
    this.slot.change({ replyTo: message?.id ?? null, cc: null });
    this.focusRequests += 1;
  }

  /** Loads the addresses again, which say whether a visitor is still on the page. */
  refreshAddresses(): void {
    void this.#dependencies.details.refreshAddresses();
  }

  /** Sends though others wrote since the agent began: they have seen it now. */
  async sendAnyway(): Promise<void> {
    this.keepWriting();
    await this.send(this.#asked);
  }

  /** Goes on writing with what came in in view. */
  keepWriting(): void {
    this.unseen = [];
    this.#seenId = this.#dependencies.timeline.newestId;
    this.focusRequests += 1;
  }

  /** Takes back a message that the server stopped, and asks. */
  takeStopped(text: string, attachments: readonly Attachment[], conversationId: string, mode: Mode, unseen: Message): void {
    const slot = this.#dependencies.drafts.slot(conversationId, mode);
    slot.putBack(text, attachments);
    if (this.#conversation?.id !== conversationId) return;
    this.#mode = mode;
    this.unseen = [unseen];
  }

  async send(options: SendOptions = {}): Promise<void> {
    const conversation = this.#conversation;
    if (!conversation || !this.canSend) return;
    if (this.unseen.length > 0) return this.sendAnyway();
    if (this.#asks(options)) return;
    const { mode, address, slot } = this;
    const { settings, timeline, onresolved } = this.#dependencies;
    const { choice, replyTo, cc }: Readonly<DraftContent> = slot.content;
    const attachments = this.uploads.attachments;
    const isReply = mode === 'reply';
    const connector = address?.connector ?? choice?.split(' ')[0];
    const receiving = isReply && address ? this.#conversationOf(conversation, address) : conversation;
    const isOwnDraft = receiving.id === conversation.id;
    const outgoing = {
      conversation: receiving,
      attachments,
      kind: address?.kind ?? null,
      address: address?.address ?? null,
      message: {
        text: this.text.trim(),
        type: isReply ? ('message' as const) : ('note' as const),
        client_id: newId(),
        ...(isReply && connector ? { connector } : {}),
        ...(attachments.length > 0 ? { attachments: attachments.map((a) => a.id) } : {}),
        ...(isReply && replyTo ? { reply_to: replyTo } : {}),
        ...(isReply && address?.kind === 'email' && cc ? { cc: [...cc] } : {}),
        ...(isReply ? {} : this.#dependencies.mentionNames.namedIn(this.text)),
        ...(isOwnDraft ? { draft_version: slot.version } : {}),
        ...(isReply && settings.asksIfNew && timeline.newestId ? { seen_message_id: timeline.newestId } : {}),
        ...(isReply && !options.later && settings.undoSeconds > 0 ? { undo_seconds: settings.undoSeconds } : {}),
        ...(isReply && options.later),
        ...(options.resolves ? { resolve: true } : {}),
      },
    };
    slot.sent({ isClearedByServer: isOwnDraft });
    this.#seenId = null;
    if (options.resolves) onresolved(conversation);
    this.#stopTyping();
    await this.#dependencies.outbox.send(outgoing);
  }

  /** Whether the agent is asked first, because others wrote since they began. */
  #asks(options: SendOptions): boolean {
    const { settings, timeline, agentId } = this.#dependencies;
    if (this.mode === 'note' || !settings.asksIfNew || this.#seenId === null) return false;
    this.unseen = timeline.writtenAfter(this.#seenId, agentId());
    this.#asked = options;
    return this.unseen.length > 0;
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
    const preferred = this.#addressOf(this.slot.content.choice) ?? this.#lastUsedAddress();
    // While the timeline loads, any other address would be a guess.
    if (preferred || !this.isAddressKnown) return preferred;
    return this.addresses.find((address) => address.reachable) ?? this.addresses[0] ?? null;
  }

  /** The address of a choice. Another screen's choice names the channel alone. */
  #addressOf(choice: string | null): ContactAddress | null {
    if (choice === null) return null;
    const exact = this.addresses.find((address) => keyOf(address) === choice);
    if (exact || !choice.endsWith(' ')) return exact ?? null;
    const ofChannel = this.addresses.filter((address) => `${address.connector} ` === choice);
    return ofChannel.find((address) => address.reachable) ?? ofChannel[0] ?? null;
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
}
