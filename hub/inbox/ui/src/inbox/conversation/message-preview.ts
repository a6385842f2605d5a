import { m } from '$messages';
import type { Medium, Message } from '$shared/types';
import { messageFacts } from '../thread/message-facts';

const MEDIA: Record<Medium, () => string> = {
  image: m.preview_image,
  voice: m.preview_voice,
  audio: m.preview_audio,
  video: m.preview_video,
  sticker: m.preview_sticker,
  file: m.preview_file,
};

/** One line for a message: its text, or the kind of its content. */
export function messagePreview(message: Message): string {
  const text = message.text.replace(/\s+/gu, ' ').trim();
  if (text) return text;
  const attachment = message.attachments[0];
  if (attachment) return MEDIA[attachment.medium]?.() ?? m.preview_file();
  if (message.location) return m.preview_location();
  if (message.card) return m.preview_card();
  // A shared story, say, is nothing but the fact that it cannot be shown.
  return message.subject?.trim() || (messageFacts(message)[0] ?? '');
}
