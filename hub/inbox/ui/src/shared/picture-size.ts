import type { Attachment } from './types';

export interface PictureSize {
  width: number;
  height: number;
}

/** The largest box in which a message shows a picture, and a sticker, in CSS pixels. */
const PICTURE_BOX: PictureSize = { width: 320, height: 288 };
const STICKER_BOX: PictureSize = { width: 144, height: 144 };

/** The size at which a message shows a picture, never larger than it is; null where that is not known. */
export function shownPictureSize({ width, height, medium }: Attachment): PictureSize | null {
  if (!width || !height) return null;
  const box = medium === 'sticker' ? STICKER_BOX : PICTURE_BOX;
  const scale = Math.min(1, box.width / width, box.height / height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
