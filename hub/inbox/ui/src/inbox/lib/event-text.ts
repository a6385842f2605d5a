import { m } from '$messages';
import type { Message, MessageEvent } from '$shared/types';

type Words = (actor: string, event: MessageEvent, message: Message) => string;

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Keeps a name in its own script from turning the sentence around it. */
function isolated(name: string): string {
  return name && `\u2068${name}\u2069`;
}

const STATUS: Record<string, (actor: string) => string> = {
  open: (actor) => m.event_reopened_by({ actor }),
  pending: (actor) => m.event_pending({ actor }),
  snoozed: (actor) => m.event_snoozed({ actor }),
  resolved: (actor) => m.event_resolved({ actor }),
};

const PRIORITY: Record<string, () => string> = {
  low: m.priority_low,
  normal: m.priority_normal,
  high: m.priority_high,
  urgent: m.priority_urgent,
};

function assigned(actor: string, event: MessageEvent, message: Message): string {
  const name = isolated(text(event['agent']));
  if (!name) return m.event_released({ actor });
  return event['agent_id'] === message.author.id ? m.event_taken({ actor }) : m.event_assigned({ actor, name });
}

const WORDS: Record<string, Words> = {
  'conversation.assigned': assigned,
  'conversation.status': (actor, event) => STATUS[text(event['to'])]?.(actor) ?? '',
  'conversation.priority': (actor, event) => m.event_priority({ actor, value: PRIORITY[text(event['to'])]?.() ?? text(event['to']) }),
  'conversation.labels': (actor) => m.event_labels({ actor }),
  'conversation.team': (actor) => m.event_team({ actor }),
  'contact.linked': () => m.event_linked(),
  'contact.unlinked': () => m.event_unlinked(),
  'contact.started': () => m.event_started(),
  'contact.stopped': () => m.event_stopped(),
  'contact.referral': () => m.event_referral(),
  'contact.help': () => m.event_help(),
  'message.automatic': () => m.event_auto_reply(),
  'delivery.report': () => m.event_report(),
};

/** What an event says to a person; the server's own words where it is a new one. */
export function eventText(message: Message): string {
  const event = message.event;
  const actor = message.author.type === 'system' ? m.system() : isolated(message.author.name) || m.system();
  const words = event ? WORDS[event.name]?.(actor, event, message) : '';
  return words || message.text || (event?.name ?? '').replaceAll(/[._]/gu, ' ');
}

/** The text that came with an event: the words of an automatic reply, of a bounce. */
export function eventDetail(message: Message): string {
  const detail = text(message.event?.['text']) || message.text;
  return detail === eventText(message) ? '' : detail;
}
