import { m } from '$messages';
import type { Evidence, Link } from '$shared/types';

export const EVIDENCE_TEXTS: Record<Evidence, { name: () => string; hint: () => string }> = {
  verified: { name: m.evidence_verified, hint: m.evidence_verified_hint },
  asserted: { name: m.evidence_asserted, hint: m.evidence_asserted_hint },
  inferred: { name: m.evidence_inferred, hint: m.evidence_inferred_hint },
  agent: { name: m.evidence_agent, hint: m.evidence_agent_hint },
};

const METHODS: Record<string, () => string> = {
  handover: m.method_handover,
  identity: m.method_identity,
  own_number: m.method_own_number,
  reply_token: m.method_reply_token,
  by_hand: m.method_by_hand,
  suggestion: m.method_suggestion,
  form: m.method_form,
  phone: m.method_phone,
  signature: m.method_signature,
  name_and_words: m.method_name_and_words,
};

/** The name of the method that made a link; an unknown method keeps the server's name. */
export function methodName(method: string): string {
  return METHODS[method.replaceAll(' ', '_')]?.() ?? method;
}

const MAKERS_WITHOUT_NAME: Record<string, () => string> = { contact: m.by_customer, customer: m.by_customer, hub: m.system, system: m.system, '': m.system };

/** The name of the agent who made a link, or a word for the customer or the hub. */
export function makerName(link: Pick<Link, 'by'>): string {
  return MAKERS_WITHOUT_NAME[link.by]?.() ?? link.by;
}
