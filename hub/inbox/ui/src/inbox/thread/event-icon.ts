import { AlarmClock, ArrowLeftRight, CircleAlert, CornerDownRight, GitMerge, Hourglass, QrCode, Unlink, UserCheck, UserMinus, Users, UserX } from '$shared/icons';
import type { Message } from '$shared/types';
import type { Component } from 'svelte';

interface EventIcon {
  component: Component<{ size?: number }>;
  tone: 'plain' | 'good' | 'warn' | 'bad';
}

const ICONS: Record<string, EventIcon> = {
  'message.not_sent': { component: CircleAlert, tone: 'warn' },
  'channel.switched': { component: ArrowLeftRight, tone: 'good' },
  'contact.linked': { component: GitMerge, tone: 'good' },
  'contact.unlinked': { component: Unlink, tone: 'plain' },
  'conversation.assigned': { component: UserCheck, tone: 'plain' },
  'conversation.queued': { component: Hourglass, tone: 'plain' },
  'conversation.unanswered': { component: Hourglass, tone: 'warn' },
  'conversation.overflowed': { component: Users, tone: 'warn' },
  'conversation.agent_left': { component: UserMinus, tone: 'plain' },
  'handover.created': { component: QrCode, tone: 'plain' },
  'handover.redeemed': { component: QrCode, tone: 'good' },
  'delivery.fallback': { component: CornerDownRight, tone: 'warn' },
  'suggestion.dismissed': { component: UserX, tone: 'plain' },
  'sla.warning': { component: AlarmClock, tone: 'warn' },
  'sla.breached': { component: CircleAlert, tone: 'bad' },
};

/** The icon beside the text of an event; null for an event without one. */
export function eventIcon(message: Message): EventIcon | null {
  return ICONS[message.event?.name ?? ''] ?? null;
}
