// The share of a channel's limit that a text uses. The server splits a longer text, up to `max_text`.
import { countSegments } from '$shared/segments';
import type { Capabilities } from '$shared/types';

export interface TextUse {
  used: number;
  limit: number;
  /** Messages (or SMS segments) the customer will get. */
  parts: number;
  left: number;
  tooLong: boolean;
  segments: boolean;
}

const encoder = new TextEncoder();

export function measure(text: string, unit: Capabilities['text_unit']): number {
  if (unit === 'utf16') return text.length;
  if (unit === 'bytes') return encoder.encode(text).length;
  return [...text].length;
}

export function textUse(text: string, capabilities: Pick<Capabilities, 'text_limit' | 'text_unit' | 'max_text'>): TextUse {
  const { text_limit: limit, text_unit: unit, max_text: maxLength } = capabilities;
  if (unit === 'sms_segments') {
    const { segments, left } = countSegments(text);
    const used = text.length;
    return { used, limit, parts: segments, left, segments: true, tooLong: maxLength !== null && used > maxLength };
  }
  const used = measure(text, unit);
  const parts = limit > 0 ? Math.ceil(used / limit) : 1;
  const left = Math.max(0, limit * Math.max(1, parts) - used);
  return { used, limit, parts, left, segments: false, tooLong: maxLength !== null && used > maxLength };
}
