// The state of the page: the messages on each screen, the chosen person, the open app and place.
import { getContext, setContext } from 'svelte';
import { m } from '$messages';
import { needsStart, parseLink, type LinkTarget } from './links';
import type { App, Bubble, Mail, Person, Switches, World } from './types';

export type Place = 'phone' | 'mail' | 'shop';
export const APPS: readonly App[] = ['telegram', 'messenger', 'sms'];

const CONTEXT = Symbol('sandbox');
// The time after which a message on the open screen counts as read.
const READING_MS = 1200;

export class Sandbox {
  #world = $state<World | null>(null);
  #screens = $state<Record<string, Bubble[]>>({});
  #mails = $state<Record<string, Mail[]>>({});
  #typing = $state<Record<string, boolean>>({});
  #seenCounts = $state<Record<string, number>>({});
  #personKey = $state('sam');
  #app = $state<App>('telegram');
  #place = $state<Place>('phone');
  #problem = $state('');
  // The values that a link passed to an app, by screen, until they are sent.
  #linkTargets = $state<Record<string, LinkTarget>>({});
  #connected = $state(true);
  #stream: EventSource | null = null;
  #timers: Record<string, number> = {};

  get world(): World | null {
    return this.#world;
  }

  get problem(): string {
    return this.#problem;
  }

  get connected(): boolean {
    return this.#connected;
  }

  get person(): Person | undefined {
    return this.#world?.people.find((person) => person.key === this.#personKey);
  }

  get app(): App {
    return this.#app;
  }

  get place(): Place {
    return this.#place;
  }

  get bubbles(): Bubble[] {
    return this.#screens[this.#key(this.#app)] ?? [];
  }

  /** Newest first. */
  get mails(): Mail[] {
    return (this.#mails[this.#key('mail')] ?? []).toReversed();
  }

  /** The payload that a link passed to the open app, until Start is pressed. */
  get payload(): string {
    const target = this.#linkTargets[this.#key(this.#app)];
    return target && 'payload' in target ? target.payload : '';
  }

  get isTyping(): boolean {
    return this.#typing[this.#key(this.#app)] ?? false;
  }

  /** The number of messages from the shop that were not on an open screen yet. */
  unread(app: App | 'mail'): number {
    const key = this.#key(app);
    return Math.max(0, this.#countReceived(app) - (this.#seenCounts[key] ?? 0));
  }

  // -- actions ------------------------------------------------------------------------------

  async start(): Promise<void> {
    try {
      const answer = await fetch('/sandbox/api/state');
      const world = (await answer.json()) as World;
      this.#world = world;
      this.#screens = world.screens;
      this.#mails = world.mails;
      for (const [key, messages] of [...Object.entries(world.screens), ...Object.entries(world.mails)])
        this.#seenCounts[key] = messages.filter((message) => !message.mine).length;
      this.#listen(world);
    } catch {
      this.#connected = false;
      window.setTimeout(() => void this.start(), 2000);
    }
  }

  become(key: string): void {
    this.#personKey = key;
    this.#markVisibleSeen();
  }

  open(app: App): void {
    this.#app = app;
    this.#markVisibleSeen();
  }

  go(place: Place): void {
    this.#place = place;
    this.#markVisibleSeen();
  }

  /** Opens the app that a link is for, with the values of the link. False for a link that opens in the browser. */
  follow(link: string): boolean {
    const target = parseLink(link);
    if (!target) return false;
    const key = this.#key(target.app);
    if (target.app === 'mail') this.go('mail');
    else {
      this.go('phone');
      this.open(target.app);
    }
    if ('text' in target) this.#linkTargets[key] = target;
    else if (needsStart(target.app, this.bubbles.length === 0)) {
      if (target.payload) this.#linkTargets[key] = target;
    } else void this.act(target.app, 'starts', { payload: target.payload });
    return true;
  }

  /** Presses Start, with the payload of a link if there is one. */
  pressStart(): void {
    const payload = this.payload;
    delete this.#linkTargets[this.#key(this.#app)];
    void this.act(this.#app, 'starts', { payload });
  }

  /** The text that a link passed to an app, for its composer; given once. */
  takeText(app: 'sms' | 'mail'): { to: string; subject: string; text: string } | null {
    const key = this.#key(app);
    const target = this.#linkTargets[key];
    if (!target || !('text' in target)) return null;
    delete this.#linkTargets[key];
    return { to: '', subject: '', ...target };
  }

  markMailSeen(): void {
    this.#markSeen('mail');
  }

  /** Performs an action as the chosen person. Its effects arrive as events. True when the server accepted it. */
  async act(app: App | 'mail', verb: string, values: Record<string, string | number> = {}, files: File[] = []): Promise<boolean> {
    this.#problem = '';
    try {
      const answer = await fetch(`/sandbox/api/people/${this.#personKey}/${app}/${verb}`, { method: 'POST', ...body(values, files) });
      if (answer.ok) return true;
      const refusal = (await answer.json().catch(() => ({}))) as { problem?: string };
      this.#problem = refusal.problem ?? m.sandbox_refused();
    } catch {
      this.#problem = m.sandbox_unreachable();
    }
    return false;
  }

  forgetProblem(): void {
    this.#problem = '';
  }

  // -- events ------------------------------------------------------------------------------

  #listen(world: World): void {
    this.#stream?.close();
    const stream = new EventSource(`/sandbox/api/events?after=${world.last}`);
    this.#stream = stream;
    stream.onopen = () => (this.#connected = true);
    stream.onerror = () => (this.#connected = false);
    const on = <T>(name: string, handle: (data: T) => void) =>
      stream.addEventListener(name, (event) => handle(JSON.parse((event as MessageEvent<string>).data) as T));
    on<string>('life', (life) => {
      // The server was started again, so the whole state is loaded again.
      if (life === world.life) return;
      stream.close();
      void this.start();
    });
    on<{ screen: string; bubble: Bubble }>('bubble', ({ screen, bubble }) => this.#put((this.#screens[screen] ??= []), bubble, screen));
    on<{ screen: string; mail: Mail }>('mail', ({ screen, mail }) => this.#put((this.#mails[screen] ??= []), mail, screen));
    on<{ screen: string; seconds: number }>('typing', ({ screen, seconds }) => this.#showTyping(screen, seconds));
    on<{ person: string; switches: Switches }>('switches', ({ person, switches }) => {
      const changed = this.#world?.people.find((candidate) => candidate.key === person);
      if (changed) changed.switches = switches;
    });
  }

  #put<T extends { id: string; mine: boolean }>(messages: T[], message: T, screen: string): void {
    const at = messages.findIndex((candidate) => candidate.id === message.id && candidate.mine === message.mine);
    if (at >= 0) {
      messages[at] = message;
      return;
    }
    messages.push(message);
    if (message.mine) return;
    this.#showTyping(screen, 0);
    this.#markVisibleSeen();
  }

  #showTyping(screen: string, seconds: number): void {
    window.clearTimeout(this.#timers[screen]);
    this.#typing[screen] = seconds > 0;
    if (seconds > 0) this.#timers[screen] = window.setTimeout(() => (this.#typing[screen] = false), seconds * 1000);
  }

  #markVisibleSeen(): void {
    if (!this.person) return;
    const isPhoneVisible = this.#place === 'phone' || window.matchMedia('(min-width: 64rem)').matches;
    if (!isPhoneVisible) return;
    this.#markSeen(this.#app);
    if (this.#app !== 'messenger') return;
    const personKey = this.#personKey;
    window.setTimeout(() => {
      const unread = this.bubbles.some((bubble) => !bubble.mine && bubble.status !== 'read');
      if (this.#app === 'messenger' && this.#personKey === personKey && unread) void this.act('messenger', 'reads');
    }, READING_MS);
  }

  #markSeen(app: App | 'mail'): void {
    this.#seenCounts[this.#key(app)] = this.#countReceived(app);
  }

  #countReceived(app: App | 'mail'): number {
    const key = this.#key(app);
    const messages = app === 'mail' ? this.#mails[key] : this.#screens[key];
    return (messages ?? []).filter((message) => !message.mine).length;
  }

  /** The name of the chosen person's screen in an app, in the server's maps. */
  #key(app: App | 'mail'): string {
    return this.person?.screens[app] ?? '';
  }
}

function body(values: Record<string, string | number>, files: File[]): RequestInit {
  if (!files.length) return { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(values) };
  const form = new FormData();
  for (const [name, value] of Object.entries(values)) form.append(name, String(value));
  for (const file of files) form.append('file', file, file.name);
  return { body: form };
}

export function provideSandbox(): Sandbox {
  return setContext(CONTEXT, new Sandbox());
}

export function useSandbox(): Sandbox {
  return getContext<Sandbox>(CONTEXT);
}
