import { m } from '$messages';

export interface SendTimeChoice {
  name: string;
  at: Date;
}

/** A time to send as the API takes it: the wall clock of the agent's zone, with the zone's name. */
export interface PlannedTime {
  send_at: string;
  zone: string;
}

function at(day: Date, hour: number, plusDays: number): Date {
  const date = new Date(day);
  date.setDate(date.getDate() + plusDays);
  date.setHours(hour, 0, 0, 0);
  return date;
}

/** Times that make sense at `now`; each is in the future. */
export function sendTimeChoices(now: Date): SendTimeChoice[] {
  const choices: SendTimeChoice[] = [];
  if (now.getHours() < 17) choices.push({ name: m.later_evening(), at: at(now, 18, 0) });
  choices.push({ name: m.later_tomorrow(), at: at(now, 9, 1) });
  choices.push({ name: m.later_monday(), at: at(now, 9, 8 - (now.getDay() || 7)) });
  return choices;
}

/** The agent's own time zone. */
export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

function two(value: number): string {
  return String(Math.trunc(Math.abs(value))).padStart(2, '0');
}

/** The wall clock of a moment on this device, with the offset that holds then. */
export function plannedTime(date: Date, zone = ownZone()): PlannedTime {
  const minutes = -date.getTimezoneOffset();
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return { send_at: `${day}T${time}${minutes < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`, zone };
}

/** The zone of a customer, where an attribute of theirs names one; else none. */
export function zoneOf(attributes: Readonly<Record<string, unknown>>): string | null {
  for (const name of ['timezone', 'time_zone']) {
    const zone = attributes[name];
    if (typeof zone !== 'string' || zone === '') continue;
    try {
      new Intl.DateTimeFormat('en', { timeZone: zone });
      return zone;
    } catch {
      continue; // no zone at all
    }
  }
  return null;
}
