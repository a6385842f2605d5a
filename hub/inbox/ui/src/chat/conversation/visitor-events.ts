// What is said over a visitor's line, beyond what agents hear too.
import type { AgentRef, Contact, Message, QueuePlace, SharedEvents } from '$shared/types';

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
  /** What may be shown is another than before: these messages take the place of all. */
  changed?: boolean;
}

export interface VisitorEvents extends SharedEvents {
  session: SessionPayload;
  queue: QueuePlace;
}

/** Refusals that only the site behind this chat can lift, by signing the customer in. */
export type IdentityProblem = 'identity_required' | 'identity_invalid' | 'identity_expired';

/** Null for every other refusal. What is wrong with a signature is the site's affair: one word for all. */
export function identityProblem(code: string): IdentityProblem | null {
  if (!code.startsWith('identity_')) return null;
  return code === 'identity_required' || code === 'identity_expired' ? code : 'identity_invalid';
}
