import { isHeld, onceOverTabs } from './tabs';
import { playSound, type Sound } from './sounds';

const RINGING = 'hub.ringing';
/** What comes within this time rings once, on all tabs together. */
const TOGETHER_MS = 1_500;
/** By then a tab that may make sounds has begun to. */
const OTHERS_BEGIN_MS = 250;

/**
 * Rings once for all tabs of the browser. A browser lets a page make sounds only after a click or a key in it: a tab
 * that may not leaves it to another, and where none may, `isBlocked` says so.
 */
export class Bell {
  #context: AudioContext | null = null;
  #isBlocked = $state(false);
  readonly #play: (context: AudioContext, sound: Sound) => void;

  constructor(play: (context: AudioContext, sound: Sound) => void = playSound) {
    this.#play = play;
  }

  /** The browser refused a sound; a click on the page, whatever on, ends it. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Follows clicks and keys from now on: they allow sounds. */
  start(): void {
    for (const name of ['pointerdown', 'keydown'] as const) addEventListener(name, () => void this.unblock(), { capture: true, passive: true });
  }

  async ring(sound: Sound): Promise<void> {
    const context = await this.#runningContext();
    if (context) return onceOverTabs(RINGING, TOGETHER_MS, () => this.#play(context, sound));
    await new Promise((resolve) => setTimeout(resolve, OTHERS_BEGIN_MS));
    this.#isBlocked = !(await isHeld(RINGING));
  }

  /** Allows sounds; called within a click. */
  async unblock(): Promise<void> {
    if (!this.#isBlocked && this.#context?.state === 'running') return;
    if (await this.#runningContext()) this.#isBlocked = false;
  }

  /** The context for sounds; null while the browser does not let it run. */
  async #runningContext(): Promise<AudioContext | null> {
    if (!('AudioContext' in globalThis)) return null;
    this.#context ??= new AudioContext();
    // Without a click `resume` is not refused, it waits.
    await Promise.race([this.#context.resume(), new Promise((resolve) => setTimeout(resolve, 100))]);
    return this.#context.state === 'running' ? this.#context : null;
  }
}
