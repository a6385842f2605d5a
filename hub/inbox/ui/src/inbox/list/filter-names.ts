// What the filters and orders are called, and which values they take.
import { m } from '$messages';
import type { Team } from '$shared/types';
import type { Directory } from '../names/directory.svelte';
import { PRIORITIES, languageName } from '../names/display-names';
import type { FilterName, Sort, StatusChoice } from './list-query';

export const STATUS_NAMES: Record<StatusChoice, () => string> = {
  open: m.status_open,
  pending: m.status_pending,
  snoozed: m.status_snoozed,
  resolved: m.status_resolved,
  any: m.status_any,
};

export const SORT_NAMES: Record<Sort, () => string> = {
  activity: m.sort_activity,
  waiting: m.sort_waiting,
  sla: m.sort_sla,
  priority: m.sort_priority,
};

export const FILTER_TITLES: Record<FilterName, () => string> = {
  assignee: m.filter_assignee,
  team: m.filter_team,
  connector: m.filter_channel,
  label: m.filter_label,
  priority: m.priority,
  language: m.filter_language,
  waiting: m.filter_waiting,
  sla: m.filter_sla,
  unread: m.filter_unread,
  mentioned: m.filter_mentioned,
  before: m.filter_before,
  after: m.filter_after,
  q: m.filter_q,
};

export interface Choice {
  value: string;
  name: string;
}

interface Known {
  directory: Directory;
  labels: readonly string[];
  teams: readonly Team[];
}

const LANGUAGES = ['en', 'ar', 'fa', 'et', 'pl', 'ru', 'de', 'fr', 'es', 'it', 'uk', 'tr'];

/** The values that a filter takes; null where one is typed. */
export function choicesOf(name: FilterName, { directory, labels, teams }: Known): Choice[] | null {
  switch (name) {
    case 'assignee':
      return directory.agents.map((agent) => ({ value: agent.id, name: agent.name }));
    case 'team':
      return [...teams.map((team) => ({ value: team.id, name: team.name })), { value: 'none', name: m.filter_no_team() }];
    case 'connector':
      return directory.connectors.map((connector) => ({ value: connector.name, name: directory.channelName(connector.name) }));
    case 'label':
      return labels.map((label) => ({ value: label, name: label }));
    case 'priority':
      return Object.entries(PRIORITIES).map(([value, text]) => ({ value, name: text() }));
    case 'language':
      return LANGUAGES.map((code) => ({ value: code, name: languageName(code) }));
    case 'waiting':
      return [
        { value: 'us', name: m.filter_waiting_us() },
        { value: 'customer', name: m.filter_waiting_customer() },
      ];
    case 'sla':
      return [
        { value: 'due', name: m.filter_sla_due() },
        { value: 'breached', name: m.filter_sla_breached() },
      ];
    case 'unread':
      return [{ value: '1', name: m.filter_unread() }];
    case 'mentioned':
      return [{ value: 'me', name: m.filter_mentioned() }];
    default:
      return null;
  }
}

/** What a filter's chip says: `Priority: Urgent`. */
export function chipText(name: FilterName, value: string, known: Known): string {
  if (name === 'unread') return value === '1' ? m.filter_unread() : m.filter_read();
  if (name === 'mentioned') return m.filter_mentioned();
  const shown = choicesOf(name, known)?.find((choice) => choice.value === value)?.name ?? value;
  return `${FILTER_TITLES[name]()}: ${shown}`;
}
