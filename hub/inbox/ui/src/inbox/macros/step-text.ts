import { m } from '$messages';
import type { Directory } from '../names/directory.svelte';
import { priorityName } from '../names/display-names';
import { fullTime } from '$shared/format';

type Step = Record<string, unknown>;

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function assigneeName(step: Step, directory: Directory): string {
  const id = step['assignee_id'];
  if (id === 'me') return m.step_assign_me();
  return id === null ? m.step_assign_none() : m.step_assign({ name: directory.agent(text(id))?.name ?? text(id) });
}

function labels(step: Step): string {
  const names = step['labels'];
  return Array.isArray(names) ? names.join(', ') : '';
}

const TEXTS: Record<string, (step: Step, directory: Directory) => string> = {
  reply: () => m.reply(),
  note: () => m.note(),
  label: (step) => m.step_label({ labels: labels(step) }),
  unlabel: (step) => m.step_unlabel({ labels: labels(step) }),
  assign: assigneeName,
  team: () => m.step_team(),
  priority: (step) => m.step_priority({ value: priorityName(text(step['priority'])) }),
  snooze: (step) => (typeof step['hours'] === 'number' ? m.step_snooze_hours({ hours: String(step['hours']) }) : m.step_snooze({ time: fullTime(text(step['snoozed_until'])) })),
  resolve: () => m.resolve(),
};

/** What a step does, in the agent's language. */
export function stepText(step: Step, directory: Directory): string {
  const name = text(step['do']);
  return TEXTS[name]?.(step, directory) ?? name;
}
