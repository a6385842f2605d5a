import { m } from '$messages';
import type { Message } from '$shared/types';
import { isolated } from '../names/isolated';

type Formatter = (value: string) => string;

// What a channel sends beside the text. Any other name is not for people.
const FORMATTERS: Record<string, Formatter> = {
  forwarded_from: (value) => m.fact_forwarded({ name: isolated(value) }),
  button: () => m.fact_button(),
  quick_reply: () => m.fact_button(),
  kind: (value) => (value === 'poll' ? m.fact_poll() : ''),
  unsupported: (value) => m.fact_unsupported({ what: value.replaceAll('_', ' ') }),
  cc: (value) => m.fact_cc({ addresses: isolated(value) }),
  reply_to: (value) => m.fact_reply_to({ address: isolated(value) }),
  protection: (value) => (value === 'encrypted' ? m.fact_encrypted() : m.fact_signed()),
  unreadable: () => m.fact_unreadable(),
  cut: () => m.fact_cut(),
  files_left_out: (value) => m.fact_files_left_out({ count: Number(value) }),
};

/** Quiet lines about how a message came, in a fixed order. */
export function messageFacts(message: Message): string[] {
  const extra = message.extra ?? {};
  return Object.entries(FORMATTERS)
    .map(([name, format]) => (typeof extra[name] === 'string' && extra[name] ? format(extra[name]) : ''))
    .filter(Boolean);
}

/** Whether the message is a mail of which nothing but its sender and its subject could be read. */
export function isUnreadable(message: Message): boolean {
  return Boolean(message.extra?.['unreadable']);
}

/** The part that the customer marked in the message they answer; empty where they answer all of it. */
export function quotedText(message: Message): string {
  const quote = message.extra?.['quote'];
  return typeof quote === 'string' ? quote : '';
}
