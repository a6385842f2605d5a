import { SvelteMap } from 'svelte/reactivity';
import type { AgentEvents, Mention, Notification as Notice } from '$shared/types';
import { problemText } from '../shell/problem-text';
import type { Bell } from './bell.svelte';
import type { BrowserNotifications } from './browser-notifications.svelte';
import type { NotificationsApi } from './notifications-api';

export interface NotificationsDependencies {
  api: NotificationsApi;
  bell: Pick<Bell, 'ring'>;
  browser: Pick<BrowserNotifications, 'show' | 'close' | 'showTest'>;
  /** Whether the agent looks at this conversation now. */
  isLookingAt: (conversationId: string) => boolean;
}

/** What the agent was told and has not seen yet. */
export class Notifications {
  readonly #dependencies: NotificationsDependencies;
  #unseen = new SvelteMap<string, Notice>();
  #mentions = $state.raw<readonly Mention[]>([]);
  #nextMentions = $state<string | null>(null);
  #areMentionsLoaded = $state(false);
  #problem = $state('');
  /** Something was told while this page was open: the moment to ask how the agent wants to hear of it. */
  #hasTold = $state(false);

  /** How many conversations have something for the agent. */
  readonly count: number = $derived(new Set([...this.#unseen.values()].map((notice) => notice.conversation_id)).size);
  readonly mentionCount: number = $derived([...this.#unseen.values()].filter((notice) => notice.kind === 'mention').length);

  constructor(dependencies: NotificationsDependencies) {
    this.#dependencies = dependencies;
  }

  get hasTold(): boolean {
    return this.#hasTold;
  }

  get mentions(): readonly Mention[] {
    return this.#mentions;
  }

  get hasMoreMentions(): boolean {
    return this.#nextMentions !== null;
  }

  get areMentionsLoaded(): boolean {
    return this.#areMentionsLoaded;
  }

  get problem(): string {
    return this.#problem;
  }

  has(conversationId: string): boolean {
    return [...this.#unseen.values()].some((notice) => notice.conversation_id === conversationId);
  }

  /** Whether the agent is named in this note and has not seen it. */
  isUnseenMention(messageId: string): boolean {
    return [...this.#unseen.values()].some((notice) => notice.kind === 'mention' && notice.message_id === messageId);
  }

  /** Loads what is not seen, also what came while the connection was lost. Nothing rings for it. */
  async load(): Promise<void> {
    const unseen: Notice[] = [];
    let cursor: string | null = null;
    do {
      const page = await this.#dependencies.api.unseen(cursor);
      unseen.push(...page.items);
      cursor = page.next;
    } while (cursor !== null);
    this.#unseen.clear();
    for (const notice of unseen) this.#unseen.set(notice.id, notice);
  }

  applyCreated({ notification, sound, browser, hide_text }: AgentEvents['notification.created']): void {
    this.#unseen.set(notification.id, notification);
    this.#hasTold = true;
    if (notification.kind === 'mention' && this.#areMentionsLoaded) void this.loadMentions();
    if (this.#dependencies.isLookingAt(notification.conversation_id)) {
      // A message is seen when it is read, which may need scrolling.
      if (notification.kind !== 'message') void this.see(notification.conversation_id);
      return;
    }
    if (sound) void this.#dependencies.bell.ring(sound as Parameters<Bell['ring']>[0]);
    if (browser) void this.#dependencies.browser.show(notification, hide_text);
  }

  applyUpdated({ notification }: AgentEvents['notification.updated']): void {
    this.#unseen.set(notification.id, notification);
  }

  applyCleared({ ids, conversation_ids }: AgentEvents['notification.cleared']): void {
    for (const id of ids) this.#unseen.delete(id);
    for (const id of conversation_ids) if (!this.has(id)) void this.#dependencies.browser.close(id);
  }

  applyTest({ sound }: AgentEvents['notification.test']): void {
    void this.#dependencies.bell.ring(sound as Parameters<Bell['ring']>[0]);
    void this.#dependencies.browser.showTest();
  }

  /** The agent looks at a conversation: what was told of it is seen, on all screens. */
  async see(conversationId: string): Promise<void> {
    if (this.has(conversationId)) await this.#dependencies.api.see(conversationId);
  }

  async loadMentions(): Promise<void> {
    await this.#attempt(async () => {
      const page = await this.#dependencies.api.mentions();
      this.#mentions = page.items;
      this.#nextMentions = page.next;
      this.#areMentionsLoaded = true;
    });
  }

  async loadMoreMentions(): Promise<void> {
    await this.#attempt(async () => {
      const page = await this.#dependencies.api.mentions(this.#nextMentions);
      this.#mentions = [...this.#mentions, ...page.items];
      this.#nextMentions = page.next;
    });
  }

  clear(): void {
    this.#unseen.clear();
    this.#mentions = [];
    this.#areMentionsLoaded = false;
    this.#hasTold = false;
  }

  async #attempt(action: () => Promise<void>): Promise<void> {
    this.#problem = '';
    try {
      await action();
    } catch (error) {
      this.#problem = problemText(error);
    }
  }
}
