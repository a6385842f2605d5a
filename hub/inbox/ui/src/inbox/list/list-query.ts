// What the list shows: which tab, which status, which further filters, in which order. Pure.
import type { Conversation, ConversationStatus, Priority, View } from '$shared/types';
import { activityOf, byActivity } from '../conversation/order';

export type Tab = 'mine' | 'unassigned' | 'all';
export const TABS: readonly Tab[] = ['mine', 'unassigned', 'all'];
export const STATUSES: readonly ConversationStatus[] = ['open', 'pending', 'snoozed', 'resolved'];
export type StatusChoice = ConversationStatus | 'any';
export type Sort = View['sort'];
export const SORTS: readonly Sort[] = ['activity', 'waiting', 'sla', 'priority'];

/** The filters beside tab and status, by their names in the API. */
export const FILTER_NAMES = ['assignee', 'team', 'connector', 'label', 'priority', 'language', 'waiting', 'sla', 'unread', 'mentioned', 'before', 'after', 'q'] as const;
export type FilterName = (typeof FILTER_NAMES)[number];
export type Filter = Partial<Record<FilterName, string>>;

export interface ListQuery {
  tab: Tab;
  status: StatusChoice;
  filter: Filter;
  sort: Sort;
  /** The view that it came from. */
  view: string | null;
}

/** Filters that only the server can decide: a conversation does not carry what they ask. */
const SERVER_ONLY: readonly FilterName[] = ['language', 'mentioned', 'q'];

export function isServerOnly({ filter }: ListQuery): boolean {
  return SERVER_ONLY.some((name) => filter[name]);
}

/** The agent's time zone, in which days begin and end. */
export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

/** The parameters of the API for a query; `me` is the signed-in agent. */
export function apiParameters({ tab, status, filter, sort }: ListQuery, me: string): Record<string, string> {
  const assignee = tab === 'mine' ? me : tab === 'unassigned' ? 'none' : '';
  return {
    ...filter,
    ...(assignee && { assignee }),
    ...(status !== 'any' && { status }),
    ...(sort !== 'activity' && { sort }),
    ...((filter.before || filter.after || filter.q) && { zone: ownZone() }),
  };
}

/** The filter of a query as a view or a change of many conversations keeps it. */
export function storedFilter({ tab, status, filter }: ListQuery): Record<string, unknown> {
  const assignee = tab === 'mine' ? 'me' : tab === 'unassigned' ? 'none' : '';
  const { unread, ...others } = filter;
  return {
    ...others,
    ...(assignee && { assignee }),
    ...(status !== 'any' && { status }),
    ...(unread && { unread: unread === '1' }),
  };
}

export function queryOfView(view: View): ListQuery {
  const { status, assignee, unread, ...others } = view.filter as Record<string, unknown>;
  const filter: Filter = {};
  for (const name of FILTER_NAMES) if (others[name]) filter[name] = String(others[name]);
  if (typeof unread === 'boolean') filter.unread = unread ? '1' : '0';
  const tab: Tab = assignee === 'me' ? 'mine' : assignee === 'none' ? 'unassigned' : 'all';
  if (tab === 'all' && assignee) filter.assignee = String(assignee);
  return { tab, status: (status as ConversationStatus | undefined) ?? 'any', filter, sort: view.sort, view: view.id };
}

/** The part of the page's address that names a query; empty for the plain list of open conversations. */
export function toAddress({ tab, status, filter, sort, view }: ListQuery, isTabChosen: boolean): string {
  const parameters = new URLSearchParams();
  if (isTabChosen) parameters.set('tab', tab);
  if (status !== 'open') parameters.set('status', status);
  for (const name of FILTER_NAMES) if (filter[name]) parameters.set(name, filter[name]);
  if (sort !== 'activity') parameters.set('sort', sort);
  if (view) parameters.set('view', view);
  return parameters.toString();
}

/** The query that an address names. What it does not take is left out. */
export function fromAddress(text: string): Omit<ListQuery, 'tab'> & { tab: Tab | null } {
  const parameters = new URLSearchParams(text);
  const one = <T extends string>(name: string, allowed: readonly T[]): T | null => allowed.find((value) => value === parameters.get(name)) ?? null;
  const filter: Filter = {};
  for (const name of FILTER_NAMES) {
    const value = parameters.get(name);
    if (value) filter[name] = value;
  }
  return {
    tab: one('tab', TABS),
    status: one<StatusChoice>('status', [...STATUSES, 'any']) ?? 'open',
    filter,
    sort: one('sort', SORTS) ?? 'activity',
    view: parameters.get('view'),
  };
}

/** The moment at which a period begins or ends, in the agent's own time zone. */
function edge(name: 'before' | 'after', value: string): number {
  const day = /^(\d{4})-(\d{1,2})-(\d{1,2})$/u.exec(value);
  if (!day) return Date.parse(value);
  return new Date(Number(day[1]), Number(day[2]) - 1, Number(day[3]) + (name === 'after' ? 1 : 0)).getTime();
}

const CHECKS: Partial<Record<FilterName, (c: Conversation, value: string, now: number) => boolean>> = {
  assignee: (c, value) => (value === 'none' ? c.assignee === null : c.assignee?.id === value),
  team: (c, value) => (value === 'none' ? c.team === null : c.team?.id === value),
  connector: (c, value) => c.connectors.includes(value),
  label: (c, value) => c.labels.includes(value),
  priority: (c, value) => c.priority === value,
  waiting: (c, value) => (value === 'us' ? c.waiting_since !== null : c.waiting_since === null && c.status !== 'resolved'),
  sla: (c, value, now) => (value === 'breached' ? (c.sla?.breached.length ?? 0) > 0 : (nextDueAt(c) ?? 0) > now),
  unread: (c, value) => c.unread_count > 0 === (value === '1'),
  before: (c, value) => activityOf(c) < edge('before', value),
  after: (c, value) => activityOf(c) >= edge('after', value),
};

/** Whether a query lets a conversation through, as far as this screen can tell. */
export function fits(conversation: Conversation, { tab, status, filter }: ListQuery, me: string, now = Date.now()): boolean {
  if (conversation.merged_into) return false;
  if (status !== 'any' && conversation.status !== status) return false;
  if (tab === 'mine' && conversation.assignee?.id !== me) return false;
  if (tab === 'unassigned' && conversation.assignee !== null) return false;
  return FILTER_NAMES.every((name) => !filter[name] || (CHECKS[name]?.(conversation, filter[name], now) ?? true));
}

function nextDueAt({ sla }: Conversation): number | null {
  const dues = [sla?.first_reply_due, sla?.next_reply_due, sla?.resolve_due].filter((due) => due != null).map((due) => Date.parse(due));
  return dues.length > 0 ? Math.min(...dues) : null;
}

const RANKS: Record<Priority, number> = { urgent: 0, high: 1, normal: 2, low: 3 };

/** Those that have a time, the earliest first; then the others. */
function byTime(timeOf: (conversation: Conversation) => number | null) {
  return (one: Conversation, other: Conversation) => (timeOf(one) ?? Infinity) - (timeOf(other) ?? Infinity) || 0;
}

const ORDERS: Record<Sort, (one: Conversation, other: Conversation) => number> = {
  activity: byActivity,
  waiting: byTime((c) => (c.waiting_since ? Date.parse(c.waiting_since) : null)),
  sla: byTime(nextDueAt),
  priority: (one, other) => (RANKS[one.priority] ?? 2) - (RANKS[other.priority] ?? 2),
};

/** The order of a list, as the server has it. */
export function compare(sort: Sort): (one: Conversation, other: Conversation) => number {
  return (one, other) => ORDERS[sort](one, other) || byActivity(one, other);
}
