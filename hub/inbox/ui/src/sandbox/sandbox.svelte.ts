// All the page knows: what stands on each screen, who the newcomer is, what to look at.
import { getContext, setContext } from 'svelte';
import { m } from '$messages';
import { needsStart, opened, type Opened } from './links';
import type { App, Bubble, Mail, Person, Switches, World } from './types';

export type Place = 'phone' | 'mail' | 'shop';
export const APPS: readonly App[] = ['telegram', 'messenger', 'sms'];

const CONTEXT = Symbol('sandbox');
// How long somebody who looks at the phone takes to see a new message.
const READING_MS = 1200;

export class Sandbox {
  #world = $state<World | null>(null);
  #screens = $state<Record<string, Bubble[]>>({});
  #mails = $state<Record<string, Mail[]>>({});
  #typing = $state<Record<string, boolean>>({});
  #seen = $state<Record<string, number>>({});
  #who = $state('sam');
  #app = $state<App>('telegram');
  #place = $state<Place>('phone');
  #problem = $state('');
  // What a link brought to an app of somebody's, until it is sent.
  #brought = $state<Record<string, Opened>>({});
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
    return this.#world?.people.find((person) => person.key === this.#who);
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

  /** What a link has put into the open app; taken once. */
  get payload(): string {
    const brought = this.#brought[this.#key(this.#app)];
    return brought && 'payload' in brought ? brought.payload : '';
  }

  get isTyping(): boolean {
    return this.#typing[this.#key(this.#app)] ?? false;
  }

  /** How many messages from the shop nobody has looked at. */
  unread(where: App | 'mail'): number {
    const key = this.#key(where);
    const all = where === 'mail' ? this.#mails[key] : this.#screens[key];
    const came = (all ?? []).filter((each) => !each.mine).length;
    return Math.max(0, came - (this.#seen[key] ?? 0));
  }

  // -- verbs --------------------------------------------------------------------------------

  async start(): Promise<void> {
    try {
      const answer = await fetch('/sandbox/api/state');
      const world = (await answer.json()) as World;
      this.#world = world;
      this.#screens = world.screens;
      this.#mails = world.mails;
      for (const [key, all] of [...Object.entries(world.screens), ...Object.entries(world.mails)])
        this.#seen[key] = all.filter((each) => !each.mine).length;
      this.#listen(world);
    } catch {
      this.#connected = false;
      window.setTimeout(() => void this.start(), 2000);
    }
  }

  become(key: string): void {
    this.#who = key;
    this.#look();
  }

  open(app: App): void {
    this.#app = app;
    this.#look();
  }

  go(place: Place): void {
    this.#place = place;
    this.#look();
  }

  /** Opens the app that a link is for, with what it brings. False for links of the browser's. */
  follow(link: string): boolean {
    const found = opened(link);
    if (!found) return false;
    const key = this.#key(found.app);
    if (found.app === 'mail') this.go('mail');
    else {
      this.go('phone');
      this.open(found.app);
    }
    if ('text' in found) this.#brought[key] = found;
    else if (needsStart(found.app, this.bubbles.length === 0)) {
      if (found.payload) this.#brought[key] = found;
    } else void this.act(found.app, 'starts', { payload: found.payload });
    return true;
  }

  /** Presses Start on what a link brought, or just Start. */
  starts(): void {
    const payload = this.payload;
    delete this.#brought[this.#key(this.#app)];
    void this.act(this.#app, 'starts', { payload });
  }

  /** The text that a link put into an app, for its composer. */
  takesText(where: 'sms' | 'mail'): { to: string; subject: string; text: string } | null {
    const key = this.#key(where);
    const brought = this.#brought[key];
    if (!brought || !('text' in brought)) return null;
    delete this.#brought[key];
    return { to: '', subject: '', ...brought };
  }

  looksAtMail(): void {
    this.#markSeen('mail');
  }

  /** Does something as the person: what comes of it arrives as news. */
  async act(app: App | 'mail', verb: string, values: Record<string, string | number> = {}, files: File[] = []): Promise<boolean> {
    this.#problem = '';
    try {
      const answer = await fetch(`/sandbox/api/people/${this.#who}/${app}/${verb}`, { method: 'POST', ...body(values, files) });
      if (answer.ok) return true;
      const said = (await answer.json().catch(() => ({}))) as { problem?: string };
      this.#problem = said.problem ?? m.sandbox_refused();
    } catch {
      this.#problem = m.sandbox_unreachable();
    }
    return false;
  }

  forgetProblem(): void {
    this.#problem = '';
  }

  // -- news ---------------------------------------------------------------------------------

  #listen(world: World): void {
    this.#stream?.close();
    const stream = new EventSource(`/sandbox/api/events?after=${world.last}`);
    this.#stream = stream;
    stream.onopen = () => (this.#connected = true);
    stream.onerror = () => (this.#connected = false);
    const on = <T>(name: string, heard: (data: T) => void) =>
      stream.addEventListener(name, (event) => heard(JSON.parse((event as MessageEvent<string>).data) as T));
    on<string>('life', (life) => {
      // Another process answers: everything may be different.
      if (life === world.life) return;
      stream.close();
      void this.start();
    });
    on<{ screen: string; bubble: Bubble }>('bubble', ({ screen, bubble }) => this.#put((this.#screens[screen] ??= []), bubble, screen));
    on<{ screen: string; mail: Mail }>('mail', ({ screen, mail }) => this.#put((this.#mails[screen] ??= []), mail, screen));
    on<{ screen: string; seconds: number }>('typing', ({ screen, seconds }) => this.#showTyping(screen, seconds));
    on<{ person: string; switches: Switches }>('switches', ({ person, switches }) => {
      const found = this.#world?.people.find((each) => each.key === person);
      if (found) found.switches = switches;
    });
  }

  #put<T extends { id: string; mine: boolean }>(all: T[], news: T, screen: string): void {
    const at = all.findIndex((each) => each.id === news.id && each.mine === news.mine);
    if (at >= 0) {
      all[at] = news;
      return;
    }
    all.push(news);
    if (news.mine) return;
    this.#showTyping(screen, 0);
    this.#look();
  }

  #showTyping(screen: string, seconds: number): void {
    window.clearTimeout(this.#timers[screen]);
    this.#typing[screen] = seconds > 0;
    if (seconds > 0) this.#timers[screen] = window.setTimeout(() => (this.#typing[screen] = false), seconds * 1000);
  }

  #look(): void {
    if (!this.person) return;
    const isPhoneVisible = this.#place === 'phone' || window.matchMedia('(min-width: 64rem)').matches;
    if (!isPhoneVisible) return;
    this.#markSeen(this.#app);
    if (this.#app !== 'messenger') return;
    const who = this.#who;
    window.setTimeout(() => {
      const unread = this.bubbles.some((bubble) => !bubble.mine && bubble.status !== 'read');
      if (this.#app === 'messenger' && this.#who === who && unread) void this.act('messenger', 'reads');
    }, READING_MS);
  }

  #markSeen(where: App | 'mail'): void {
    const key = this.#key(where);
    const all = where === 'mail' ? this.#mails[key] : this.#screens[key];
    this.#seen[key] = (all ?? []).filter((each) => !each.mine).length;
  }

  #key(where: App | 'mail'): string {
    return this.person?.screens[where] ?? '';
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
