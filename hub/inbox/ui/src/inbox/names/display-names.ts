import { m } from '$messages';
import { language } from '$shared/i18n.svelte';
import type { Contact, Presence, Priority } from '$shared/types';

/** What to call a person who may not have told a name. */
export function contactName(contact: Pick<Contact, 'id' | 'name'>): string {
  return contact.name || m.nobody_name({ id: contact.id });
}

export function presenceName(presence: Presence): string {
  return { online: m.presence_online, away: m.presence_away, offline: m.presence_offline }[presence]();
}

/** Every priority and its name, the most pressing first. */
export const PRIORITIES: Record<Priority, () => string> = {
  urgent: m.priority_urgent,
  high: m.priority_high,
  normal: m.priority_normal,
  low: m.priority_low,
};

/** The name of a priority; the word itself where it is a new one. */
export function priorityName(priority: string): string {
  return PRIORITIES[priority as Priority]?.() ?? priority;
}

/** "et" -> "Estonian", in the reader's own language. */
export function languageName(code: string): string {
  return new Intl.DisplayNames([language.locale], { type: 'language' }).of(code) ?? code;
}
