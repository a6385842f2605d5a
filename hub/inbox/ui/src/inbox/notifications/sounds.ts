// The sounds of notifications, made by the browser itself: nothing is loaded, so none comes too late.
import type { NotificationSettings } from '$shared/types';

export type Sound = NotificationSettings['sound'];

interface Tone {
  /** In hertz. */
  pitch: number;
  /** When it begins, in seconds. */
  at: number;
  /** How long it takes to fade, in seconds. */
  length: number;
  wave: OscillatorType;
}

const tone = (pitch: number, at: number, length: number, wave: OscillatorType = 'sine'): Tone => ({ pitch, at, length, wave });

export const SOUNDS: Record<Sound, readonly Tone[]> = {
  chime: [tone(659, 0, 0.5), tone(880, 0.12, 0.7)],
  drop: [tone(988, 0, 0.18), tone(587, 0.09, 0.35)],
  knock: [tone(196, 0, 0.12, 'triangle'), tone(196, 0.16, 0.14, 'triangle')],
  bell: [tone(784, 0, 1.1), tone(1568, 0, 0.6), tone(2093, 0, 0.3)],
};

const LOUDNESS = 0.25;
const ATTACK_SECONDS = 0.01;

/** Plays a sound on a context that runs. */
export function playSound(context: AudioContext, sound: Sound): void {
  for (const { pitch, at, length, wave } of SOUNDS[sound]) {
    const begin = context.currentTime + at;
    const oscillator = new OscillatorNode(context, { frequency: pitch, type: wave });
    const volume = new GainNode(context, { gain: 0 });
    volume.gain.setValueAtTime(0, begin);
    volume.gain.linearRampToValueAtTime(LOUDNESS, begin + ATTACK_SECONDS);
    volume.gain.exponentialRampToValueAtTime(0.0001, begin + length);
    oscillator.connect(volume).connect(context.destination);
    oscillator.start(begin);
    oscillator.stop(begin + length);
  }
}
