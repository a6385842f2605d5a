import { expect, test } from 'vitest';
import { shownPictureSize } from './picture-size';
import type { Attachment } from './types';

const picture = (width: number | null, height: number | null, medium: Attachment['medium'] = 'image') =>
  ({ id: '1', name: '', media_type: 'image/png', size: 1, url: '/', state: 'stored', medium, reason: '', width, height }) satisfies Attachment;

test('a picture is shown within its box and never enlarged', () => {
  expect(shownPictureSize(picture(3200, 1600))).toEqual({ width: 320, height: 160 });
  expect(shownPictureSize(picture(1000, 2880))).toEqual({ width: 100, height: 288 });
  expect(shownPictureSize(picture(64, 48))).toEqual({ width: 64, height: 48 });
  expect(shownPictureSize(picture(512, 512, 'sticker'))).toEqual({ width: 144, height: 144 });
  expect(shownPictureSize(picture(100_000, 1))).toEqual({ width: 320, height: 1 });
});

test('a picture of unknown size takes its room when it has loaded', () => {
  expect(shownPictureSize(picture(null, null))).toBeNull();
});
