import { m } from '$messages';
import { clockTime } from '$shared/format';
import { kindName } from '$shared/kinds';
import type { Kind, Message, MessageEvent, Sla } from '$shared/types';
import { isolated } from '../names/isolated';
import { priorityName } from '../names/display-names';

/** The name of a connector, as agents see it. */
export type ChannelName = (connector: string | null, kind: Kind | null) => string;

interface EventContext {
  actor: string;
  event: MessageEvent;
  message: Message;
  channel: ChannelName;
}

type Formatter = (context: EventContext) => string;
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
  visitor_left: m.reason_visitor_left,
};

/** Why a message that was planned became a draft again. */
const NOT_SENT: Record<string, (who: { agent: string }) => string> = {
  customer_wrote: m.not_sent_customer_wrote,
  channel_off: m.not_sent_channel_off,
  unreachable: m.not_sent_unreachable,
};

/** The reason of a fallback, in the agent's language where the code is known. */
export function fallbackReason(code: string, reason: string): string {
  return REASONS[code]?.() ?? (reason || m.reason_unreachable());
}

/** The name of a place: `{connector, kind, address}`, or the name of a connector alone. */
function placeName(value: unknown, channel: ChannelName): string {
  if (typeof value === 'string') return channel(value, null) || value;
  const place = (value ?? {}) as { connector?: unknown; kind?: unknown };
  const kind = text(place.kind);
  return channel(text(place.connector) || null, kind || null) || kindName(kind);
}

function assignedText({ actor, event, message }: EventContext): string {
  const name = isolated(text(event['agent']));
  if (!name) return m.event_released({ actor });
  const isSelfAssigned = event['agent_id'] === message.author.id && message.author.type === 'agent';
  return isSelfAssigned ? m.event_taken({ actor }) : m.event_assigned({ actor, name });
}

function switchedText({ actor, event, channel }: EventContext): string {
  const [from, to] = [placeName(event['from'], channel), placeName(event['to'], channel)];
  return from ? m.event_switched({ actor, from, to }) : m.event_switched_to({ actor, to });
}

function fallbackText({ event, channel }: EventContext): string {
  const from = placeName(event['from'], channel);
  const reason = fallbackReason(text(event['code']), text(event['reason']));
  return event['to'] ? m.event_fallback({ from, to: placeName(event['to'], channel), reason }) : m.event_fallback_none({ from, reason });
}

function dueText(format: typeof m.event_sla_warning): Formatter {
  return ({ event }) => {
    const clock = CLOCKS[text(event['clock']) as SlaClock]?.();
    return clock && event['due'] ? format({ clock, time: clockTime(text(event['due'])) }) : '';
  };
}

/** The name of the actor: some events of the system name an agent, others have an author. */
function actorName({ actor, event }: EventContext): string {
  const by = text(event['by']);
  return by && by !== 'contact' ? isolated(by) : actor;
}

function undoneText({ actor, event }: EventContext): string {
  const title = isolated(text(event['title']));
  if (!title) return m.event_undone_changes({ actor });
  const kept = event['kept'];
  return Array.isArray(kept) && kept.length > 0 ? m.event_undone_some({ actor, title }) : m.event_undone({ actor, title });
}

const FORMATTERS: Record<string, Formatter> = {
  'message.not_sent': ({ event }) => NOT_SENT[text(event['code'])]?.({ agent: isolated(text(event['agent'])) }) ?? text(event['reason']),
  'conversation.assigned': assignedText,
  'conversation.status': ({ actor, event }) => STATUS[text(event['to'])]?.(actor) ?? '',
  'conversation.priority': ({ actor, event }) => m.event_priority({ actor, value: priorityName(text(event['to'])) }),
  'conversation.labels': ({ actor }) => m.event_labels({ actor }),
  'conversation.team': ({ actor }) => m.event_team({ actor }),
  'conversation.undone': undoneText,
  'conversation.queued': () => m.event_queued(),
  'conversation.unanswered': ({ event }) => m.event_unanswered({ name: isolated(text(event['agent'])) }),
  'conversation.overflowed': ({ event }) => (event['to'] ? m.event_overflow({ team: isolated(text(event['to'])) }) : ''),
  'conversation.agent_left': ({ event }) => m.event_agent_left({ name: isolated(text(event['agent'])) }),
  'channel.switched': switchedText,
  'contact.linked': ({ event }) => (event['reason'] ? m.event_linked_why({ reason: isolated(text(event['reason'])) }) : m.event_linked()),
  'contact.unlinked': (context) => m.event_unlinked({ actor: actorName(context) }),
  'contact.started': () => m.event_started(),
  'contact.stopped': () => m.event_stopped(),
  'contact.referral': () => m.event_referral(),
  'contact.help': () => m.event_help(),
  'contact.changed_message': ({ actor }) => m.event_changed_message({ actor }),
  'handover.created': (context) => m.event_handover_created({ actor: actorName(context), channel: placeName(context.event['connector'], context.channel) }),
  'handover.redeemed': ({ actor, event, channel }) => m.event_handover_redeemed({ actor, channel: placeName(event['connector'], channel) }),
  'delivery.fallback': fallbackText,
  'delivery.report': () => m.event_report(),
  'message.automatic': () => m.event_auto_reply(),
  'suggestion.dismissed': (context) => m.event_suggestion_dismissed({ actor: actorName(context) }),
  'sla.warning': dueText(m.event_sla_warning),
  'sla.breached': dueText(m.event_sla_breached),
};

/** "queue.moved_on" -> "Queue moved on": for an event without a text of its own. */
function asSentence(name: string): string {
  const text = name.replaceAll(/[._]/gu, ' ').trim();
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

/** The text of an event; the server's own words for an unknown one. */
export function eventText(message: Message, channel: ChannelName = (connector, kind) => kindName(kind) || (connector ?? '')): string {
  const event = message.event;
  const author = message.author;
  const fallbackName = author.type === 'contact' ? m.customer_of_event() : m.system();
  const actor = author.type === 'system' ? m.system() : isolated(author.name) || fallbackName;
  const known = event ? FORMATTERS[event.name]?.({ actor, event, message, channel }) : '';
  return known || message.text || text(event?.['text']) || text(event?.['reason']) || asSentence(event?.name ?? '');
}

// These say where a conversation is; a change of its team does not.
const PLACES = new Set(['conversation.assigned', 'conversation.queued', 'conversation.unanswered', 'conversation.overflowed', 'conversation.agent_left']);

/** The text of successive events of the router: how often it chose an agent, and where that led. */
export function routingText(messages: readonly Message[], channel?: ChannelName): string {
  const agentOf = (message: Message | undefined) => (message?.event?.name === 'conversation.assigned' ? isolated(text(message.event['agent'])) : '');
  const count = messages.filter((message) => agentOf(message)).length;
  const last = messages.findLast((message) => PLACES.has(message.event?.name ?? '')) ?? messages.at(-1);
  if (count === 0) return last ? eventText(last, channel) : '';
  const name = agentOf(last);
  return name ? m.routed_now({ count, name }) : m.routed_waiting({ count });
}

// These show the reason of the router on demand.
const WITH_REASON = new Set(['conversation.assigned', 'conversation.queued', 'conversation.team']);
// The server's text of these only repeats ours.
const WITHOUT_DETAIL = new Set(['conversation.unanswered', 'conversation.overflowed', 'conversation.agent_left']);

/** The detail of an event: the text of an automatic reply or a bounce, the reason of the router. */
export function eventDetail(message: Message, shownText: string): string {
  const event = message.event;
  if (event && WITHOUT_DETAIL.has(event.name)) return '';
  const reason = event && WITH_REASON.has(event.name) ? text(event['why']) || text(event['reason']) : '';
  const detail = reason || text(event?.['text']) || message.text;
  return detail === shownText ? '' : detail;
}
