import { m } from '$messages';

export interface SnoozeChoice {
  name: string;
  until: Date;
}

function at(day: Date, hour: number, plusDays = 0): Date {
  const date = new Date(day);
  date.setDate(date.getDate() + plusDays);
  date.setHours(hour, 0, 0, 0);
  return date;
}

/** The days until a Monday. On a Sunday the next one is "tomorrow", so it is the Monday after. */
function daysToNextWeek(now: Date): number {
  return 8 - now.getDay();
}

/** Times that make sense at `now`: no evening when it is evening already. */
export function snoozeChoices(now: Date): SnoozeChoice[] {
  const choices = [{ name: m.snooze_hour(), until: new Date(now.getTime() + 3_600_000) }];
  if (now.getHours() < 17) choices.push({ name: m.snooze_evening(), until: at(now, 18) });
  choices.push({ name: m.snooze_tomorrow(), until: at(now, 9, 1) });
  choices.push({ name: m.snooze_week(), until: at(now, 9, daysToNextWeek(now)) });
  return choices;
}
