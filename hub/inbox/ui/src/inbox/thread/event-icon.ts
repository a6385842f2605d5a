import { AlarmClock, ArrowLeftRight, CircleAlert, CornerDownRight, GitMerge, Hourglass, QrCode, Unlink, UserCheck, UserMinus, Users, UserX } from '$shared/icons';
import type { Message } from '$shared/types';
import type { Component } from 'svelte';

interface EventIcon {
  of: Component<{ size?: number }>;
  tone: 'plain' | 'good' | 'warn' | 'bad';
}

const ICONS: Record<string, EventIcon> = {
  'channel.switched': { of: ArrowLeftRight, tone: 'good' },
  'contact.linked': { of: GitMerge, tone: 'good' },
  'contact.unlinked': { of: Unlink, tone: 'plain' },
  'conversation.assigned': { of: UserCheck, tone: 'plain' },
  'conversation.queued': { of: Hourglass, tone: 'plain' },
  'conversation.unanswered': { of: Hourglass, tone: 'warn' },
  'conversation.overflowed': { of: Users, tone: 'warn' },
  'conversation.agent_left': { of: UserMinus, tone: 'plain' },
  'handover.created': { of: QrCode, tone: 'plain' },
  'handover.redeemed': { of: QrCode, tone: 'good' },
  'delivery.fallback': { of: CornerDownRight, tone: 'warn' },
  'suggestion.dismissed': { of: UserX, tone: 'plain' },
  'sla.warning': { of: AlarmClock, tone: 'warn' },
  'sla.breached': { of: CircleAlert, tone: 'bad' },
};

/** The picture beside what an event says; the quiet ones have none. */
export function eventIcon(message: Message): EventIcon | null {
  return ICONS[message.event?.name ?? ''] ?? null;
}
