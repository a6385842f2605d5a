import { expect, test } from 'vitest';
import { tune } from './voice';

test('the tune is a WAV file as long as it says', async () => {
  const { file, seconds } = tune();
  const bytes = new DataView(await file.arrayBuffer());
  expect(String.fromCharCode(...new Uint8Array(bytes.buffer, 0, 4))).toBe('RIFF');
  expect(bytes.getUint32(4, true)).toBe(bytes.byteLength - 8);
  expect(bytes.getUint32(40, true) / bytes.getUint32(28, true)).toBeCloseTo(seconds, 2);
});
