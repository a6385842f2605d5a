// What is said over a visitor's line, beyond what agents hear too.
import type { AgentRef, Contact, Message, SharedEvents } from '$shared/types';

export interface QueuePlace {
  position: number;
  wait_seconds: number | null;
}

export interface SessionPayload {
  session: string;
  /** None before the first message. */
  contact: Contact | null;
  messages: Message[];
  agent: AgentRef | null;
  queue: QueuePlace | null;
  more: boolean;
  /** Whether the link that brought them here was good; null or not there where none did. */
  resumed?: boolean | null;
}

export interface VisitorEvents extends SharedEvents {
  session: SessionPayload;
  queue: QueuePlace;
}

/** Refusals that only the site behind this chat can lift, by signing the customer in. */
export type IdentityProblem = 'identity_required' | 'identity_invalid' | 'identity_expired';
const IDENTITY_PROBLEMS = new Set<string>(['identity_required', 'identity_invalid', 'identity_expired']);

/** Null for every other refusal. */
export function identityProblem(code: string): IdentityProblem | null {
  return IDENTITY_PROBLEMS.has(code) ? (code as IdentityProblem) : null;
}
