import { m } from '$messages';
import type { Kind } from './types';

const NAMES: Record<string, () => string> = {
  webchat: m.kind_webchat,
  email: m.kind_email,
  sms: m.kind_sms,
  telegram: m.kind_telegram,
  messenger: m.kind_messenger,
};

export function kindName(kind: Kind | null): string {
  return kind ? (NAMES[kind]?.() ?? kind) : '';
}

/** The colour token of a kind; connectors of third parties take the neutral one. */
export function kindColour(kind: Kind | null): string {
  return kind && kind in NAMES ? `var(--kind-${kind})` : 'var(--ink-soft)';
}
