import { m } from '$messages';
import { clockTime } from '$shared/format';
import { kindName } from '$shared/kinds';
import type { Kind, Message, MessageEvent, Sla } from '$shared/types';
import { isolated } from '../names/isolated';
import { priorityName } from '../names/display-names';

/** What people call a connector. */
export type ChannelName = (connector: string | null, kind: Kind | null) => string;

interface Said {
  actor: string;
  event: MessageEvent;
  message: Message;
  channel: ChannelName;
}

type Words = (said: Said) => string;
export type SlaClock = Sla['breached'][number];

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

const STATUS: Record<string, (actor: string) => string> = {
  open: (actor) => m.event_reopened_by({ actor }),
  pending: (actor) => m.event_pending({ actor }),
  snoozed: (actor) => m.event_snoozed({ actor }),
  resolved: (actor) => m.event_resolved({ actor }),
};

export const CLOCKS: Record<SlaClock, () => string> = {
  first_reply: m.clock_first_reply,
  next_reply: m.clock_next_reply,
  resolve: m.clock_resolve,
};

const REASONS: Record<string, () => string> = {
  window_closed: m.reason_window_closed,
  contact_stopped: m.reason_contact_stopped,
  address_invalid: m.reason_address_invalid,
  unsupported: m.reason_unsupported,
  rejected: m.reason_rejected,
  visitor_away: m.reason_visitor_away,
};

/** Why a message went elsewhere, in the agent's language where the code is known. */
export function fallbackReason(code: string, reason: string): string {
  return REASONS[code]?.() ?? (reason || m.reason_unreachable());
}

/** A place on the wire: `{connector, kind, address}`, or the name of a connector alone. */
function placeName(value: unknown, channel: ChannelName): string {
  if (typeof value === 'string') return channel(value, null) || value;
  const place = (value ?? {}) as { connector?: unknown; kind?: unknown };
  const kind = text(place.kind);
  return channel(text(place.connector) || null, kind || null) || kindName(kind);
}

function assigned({ actor, event, message }: Said): string {
  const name = isolated(text(event['agent']));
  if (!name) return m.event_released({ actor });
  const own = event['agent_id'] === message.author.id && message.author.type === 'agent';
  return own ? m.event_taken({ actor }) : m.event_assigned({ actor, name });
}

function switched({ actor, event, channel }: Said): string {
  const [from, to] = [placeName(event['from'], channel), placeName(event['to'], channel)];
  return from ? m.event_switched({ actor, from, to }) : m.event_switched_to({ actor, to });
}

function fellBack({ event, channel }: Said): string {
  const from = placeName(event['from'], channel);
  const reason = fallbackReason(text(event['code']), text(event['reason']));
  return event['to'] ? m.event_fallback({ from, to: placeName(event['to'], channel), reason }) : m.event_fallback_none({ from, reason });
}

function due(words: typeof m.event_sla_warning): Words {
  return ({ event }) => {
    const clock = CLOCKS[text(event['clock']) as SlaClock]?.();
    return clock && event['due'] ? words({ clock, time: clockTime(text(event['due'])) }) : '';
  };
}

/** Who did what the system wrote down: some events name the person, others have an author. */
function doer({ actor, event }: Said): string {
  const by = text(event['by']);
  return by && by !== 'contact' ? isolated(by) : actor;
}

const WORDS: Record<string, Words> = {
  'conversation.assigned': assigned,
  'conversation.status': ({ actor, event }) => STATUS[text(event['to'])]?.(actor) ?? '',
  'conversation.priority': ({ actor, event }) => m.event_priority({ actor, value: priorityName(text(event['to'])) }),
  'conversation.labels': ({ actor }) => m.event_labels({ actor }),
  'conversation.team': ({ actor }) => m.event_team({ actor }),
  'conversation.queued': () => m.event_queued(),
  'conversation.unanswered': ({ event }) => m.event_unanswered({ name: isolated(text(event['agent'])) }),
  'conversation.overflowed': ({ event }) => (event['to'] ? m.event_overflow({ team: isolated(text(event['to'])) }) : ''),
  'conversation.agent_left': ({ event }) => m.event_agent_left({ name: isolated(text(event['agent'])) }),
  'channel.switched': switched,
  'contact.linked': ({ event }) => (event['reason'] ? m.event_linked_why({ reason: isolated(text(event['reason'])) }) : m.event_linked()),
  'contact.unlinked': (said) => m.event_unlinked({ actor: doer(said) }),
  'contact.started': () => m.event_started(),
  'contact.stopped': () => m.event_stopped(),
  'contact.referral': () => m.event_referral(),
  'contact.help': () => m.event_help(),
  'handover.created': (said) => m.event_handover_created({ actor: doer(said), channel: placeName(said.event['connector'], said.channel) }),
  'handover.redeemed': ({ actor, event, channel }) => m.event_handover_redeemed({ actor, channel: placeName(event['connector'], channel) }),
  'delivery.fallback': fellBack,
  'delivery.report': () => m.event_report(),
  'message.automatic': () => m.event_auto_reply(),
  'suggestion.made': ({ event }) => m.event_suggestion_made({ reason: isolated(text(event['reason'])) }),
  'suggestion.dismissed': (said) => m.event_suggestion_dismissed({ actor: doer(said) }),
  'sla.warning': due(m.event_sla_warning),
  'sla.breached': due(m.event_sla_breached),
};

/** "queue.moved_on" -> "Queue moved on": at least the words that the server used. */
function asSentence(name: string): string {
  const words = name.replaceAll(/[._]/gu, ' ').trim();
  return words.charAt(0).toLocaleUpperCase() + words.slice(1);
}

/** What an event says to a person; the server's own words where it is a new one. */
export function eventText(message: Message, channel: ChannelName = (connector, kind) => kindName(kind) || (connector ?? '')): string {
  const event = message.event;
  const author = message.author;
  const nobody = author.type === 'contact' ? m.customer_of_event() : m.system();
  const actor = author.type === 'system' ? m.system() : isolated(author.name) || nobody;
  const words = event ? WORDS[event.name]?.({ actor, event, message, channel }) : '';
  return words || message.text || text(event?.['text']) || text(event?.['reason']) || asSentence(event?.name ?? '');
}

// Why the router decided so is for whoever asks; a sentence that holds its reason needs no second one.
const DETAILED = new Set(['conversation.assigned', 'conversation.queued', 'conversation.team']);
// Their text says the same in the server's words.
const TOLD = new Set(['conversation.unanswered', 'conversation.overflowed', 'conversation.agent_left']);

/** What more an event has to tell: the words of an automatic reply, of a bounce, of the router. */
export function eventDetail(message: Message, words: string): string {
  const event = message.event;
  if (event && TOLD.has(event.name)) return '';
  const why = event && DETAILED.has(event.name) ? text(event['why']) || text(event['reason']) : '';
  const detail = why || text(event?.['text']) || message.text;
  return detail === words ? '' : detail;
}
