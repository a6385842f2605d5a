import { m } from '$messages';
import type { Contact, Presence } from '$shared/types';

/** What to call a person who may not have told a name. */
export function nameOf(contact: Pick<Contact, 'id' | 'name'>): string {
  return contact.name || m.nobody_name({ id: contact.id });
}

export function presenceName(presence: Presence): string {
  return { online: m.presence_online, away: m.presence_away, offline: m.presence_offline }[presence]();
}
