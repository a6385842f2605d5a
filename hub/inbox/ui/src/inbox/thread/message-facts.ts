import { m } from '$messages';
import { readableAddress } from '$shared/format';
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
  reply_to: (value) => m.fact_reply_to({ address: isolated(value) }),
  protection: (value) => (value === 'encrypted' ? m.fact_encrypted() : m.fact_signed()),
  unreadable: () => m.fact_unreadable(),
  standby: () => m.fact_standby(),
  unsent: () => m.fact_unsent(),
  retracted_by: (value) => m.fact_retracted({ name: isolated(value) }),
  written_from: (value) => m.fact_written_from({ address: isolated(value) }),
  cut: () => m.fact_cut(),
  files_left_out: (value) => m.fact_files_left_out({ count: Number(value) }),
};

type OriginKind = NonNullable<Message['origin']>['kind'];

const ORIGINS: Record<OriginKind, (what: { name: string }) => string> = {
  ad: m.origin_ad,
  link: m.origin_link,
  story: m.origin_story,
  post: m.origin_post,
  product: m.origin_product,
  start: m.origin_start,
};

/** Quiet lines about how a message came and whom else it went to, in a fixed order. */
export function messageFacts(message: Message): string[] {
  const extra = message.extra ?? {};
  const facts = Object.entries(FORMATTERS).map(([name, format]) => (typeof extra[name] === 'string' && extra[name] ? format(extra[name]) : ''));
  return [originFact(message), recipientsFact(message), copiesFact(message), ...facts].filter(Boolean);
}

function originFact({ origin }: Message): string {
  return origin ? ORIGINS[origin.kind]({ name: isolated(origin.title || origin.ref || origin.url) }) : '';
}

/** One recipient alone is the customer, or us. */
function recipientsFact({ to }: Message): string {
  return to.length > 1 ? m.fact_to({ addresses: listed(to) }) : '';
}

function copiesFact({ cc }: Message): string {
  return cc.length > 0 ? m.fact_cc({ addresses: listed(cc) }) : '';
}

function listed(addresses: readonly string[]): string {
  return addresses.map((address) => isolated(readableAddress(address))).join(', ');
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
