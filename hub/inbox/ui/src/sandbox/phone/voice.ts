// A voice note: a recording of the microphone, or a short tune where no microphone can be used.

const RATE = 16_000;
const TUNE = [392, 440, 494, 587, 494, 440];
const NOTE_SECONDS = 0.28;

export interface Note {
  file: File;
  seconds: number;
}

export class Recorder {
  #recorder: MediaRecorder | null = null;
  #began = 0;

  /** True when the microphone is on. False when there is none or it is not allowed. */
  async start(): Promise<boolean> {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      this.#recorder = new MediaRecorder(stream);
      this.#began = Date.now();
      this.#recorder.start();
      return true;
    } catch {
      return false;
    }
  }

  stop(): Promise<Note> {
    const recorder = this.#recorder;
    if (!recorder) return Promise.resolve(tune());
    return new Promise((resolve) => {
      recorder.ondataavailable = ({ data }) => {
        recorder.stream.getTracks().forEach((track) => track.stop());
        const type = data.type.split(';')[0] || 'audio/webm';
        const seconds = (Date.now() - this.#began) / 1000;
        resolve({ file: new File([data], `voice.${type.split('/')[1]}`, { type }), seconds });
      };
      recorder.stop();
      this.#recorder = null;
    });
  }
}

/** Six plucked notes as a WAV file. */
export function tune(): Note {
  const seconds = TUNE.length * NOTE_SECONDS;
  const samples = Math.round(seconds * RATE);
  const view = new DataView(new ArrayBuffer(44 + samples * 2));
  const text = (at: number, value: string) => [...value].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, 'RIFF');
  view.setUint32(4, 36 + samples * 2, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true);
  view.setUint32(28, RATE * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, samples * 2, true);
  for (let i = 0; i < samples; i += 1) {
    const time = i / RATE;
    const inNote = time % NOTE_SECONDS;
    const pitch = TUNE[Math.floor(time / NOTE_SECONDS)] ?? 440;
    const level = Math.sin(2 * Math.PI * pitch * time) * Math.exp(-5 * inNote) * 0.5;
    view.setInt16(44 + i * 2, level * 32_767, true);
  }
  return { file: new File([view.buffer], 'voice.wav', { type: 'audio/wav' }), seconds };
}
