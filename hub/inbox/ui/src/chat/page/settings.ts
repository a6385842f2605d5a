// The settings of this chat from the server, and its colour.
import { parseChannels, type Channel } from '../handover/channels';
import type { Medium, MediumLimit } from '$shared/types';

export interface Settings {
  connector: string;
  title: string;
  color: string;
  position: 'left' | 'right' | null;
  /** What the chat may setLocale; empty for all it knows. */
  languages: string[];
  locale: string;
  online: boolean;
  /** In characters; longer texts are not accepted. */
  maxText: number;
  maxAttachments: number;
  /** In bytes, of the largest medium; null where the server names none. */
  maxBytes: number | null;
  /** The departments that a visitor can choose for the first message. */
  departments: string[];
  /** The channels on which a conversation can continue. */
  channels: Channel[];
}

interface Answer {
  connector?: string;
  title?: string | null;
  color?: string | null;
  position?: string | null;
  languages?: string[] | null;
  locale?: string | null;
  online?: boolean;
  channels?: unknown;
  departments?: string[] | null;
  capabilities?: {
    text_limit?: number;
    max_text?: number | null;
    max_attachments?: number;
    media?: Partial<Record<Medium, MediumLimit>>;
  } | null;
}

export const BRAND = '#2f5bea';

/** Without an answer the chat still opens: it only knows less about itself. */
export async function loadSettings(connector: string): Promise<Settings> {
  try {
    const response = await fetch(`/chat/${encodeURIComponent(connector)}/config`);
    return settingsOf(connector, response.ok ? ((await response.json()) as Answer) : {});
  } catch {
    return settingsOf(connector, {});
  }
}

export function settingsOf(connector: string, answer: Answer): Settings {
  const can = answer.capabilities ?? {};
  const sizes = Object.values(can.media ?? {}).map((limit) => limit.max_bytes);
  return {
    connector,
    title: answer.title ?? '',
    color: isColor(answer.color) ? answer.color : BRAND,
    position: answer.position === 'left' || answer.position === 'right' ? answer.position : null,
    languages: answer.languages ?? [],
    locale: answer.locale ?? '',
    online: answer.online ?? true,
    maxText: can.max_text ?? can.text_limit ?? 10_000,
    maxAttachments: can.max_attachments ?? 10,
    maxBytes: sizes.length > 0 ? Math.max(...sizes) : null,
    departments: answer.departments ?? [],
    channels: parseChannels(answer.channels),
  };
}

export function isColor(text: string | null | undefined): text is string {
  return /^#[\da-f]{6}$/i.test(text ?? '');
}

/** Black or white, whichever reads better on it (WCAG 2.2, relative luminance). */
export function inkOn(color: string): '#ffffff' | '#14161c' {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const share = parseInt(color.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  const onWhite = 1.05 / (luminance + 0.05);
  return onWhite >= 4.5 ? '#ffffff' : '#14161c';
}

export function paint(color: string, root: HTMLElement = document.documentElement): void {
  root.style.setProperty('--brand', color);
  root.style.setProperty('--brand-ink', inkOn(color));
}
