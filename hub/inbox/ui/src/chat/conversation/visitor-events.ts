// The events of a visitor's connection, beyond those that agents get too.
import type { AgentRef, Contact, Message, QueuePlace, SharedEvents } from '$shared/types';

export interface SessionPayload {
  session: string;
  /** None before the first message. */
  contact: Contact | null;
  messages: Message[];
  agent: AgentRef | null;
  queue: QueuePlace | null;
  more: boolean;
  /** Whether the link that brought the customer here was good; null or absent without a link. */
  resumed?: boolean | null;
  /** The visible messages have changed: these replace all shown ones. */
  changed?: boolean;
}

export interface VisitorEvents extends SharedEvents {
  session: SessionPayload;
  queue: QueuePlace;
}

/** Refusals that only the site behind this chat can lift, by signing the customer in. */
export type IdentityProblem = 'identity_required' | 'identity_invalid' | 'identity_expired';

/** The sign-in problem of a refusal; null for any other refusal. All faulty signatures are one problem. */
export function identityProblem(code: string): IdentityProblem | null {
  if (!code.startsWith('identity_')) return null;
  return code === 'identity_required' || code === 'identity_expired' ? code : 'identity_invalid';
}
