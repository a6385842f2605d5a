import { m } from '$messages';
import { readableAddress } from './format';
import type { Kind } from './types';

const NAMES: Record<string, () => string> = {
  webchat: () => m.kind_webchat(),
  email: () => m.kind_email(),
  sms: () => m.kind_sms(),
  telegram: () => m.kind_telegram(),
  messenger: () => m.kind_messenger(),
};

export function kindName(kind: Kind | null): string {
  return kind ? (NAMES[kind]?.() ?? kind) : '';
}

const SCHEMES: Record<string, Kind> = { tel: 'sms', mailto: 'email' };

/** The short name of an address: a phone number or a mail address, else the name of its channel. */
export function addressName(address: string): string {
  const [scheme = ''] = address.split(':', 1);
  return scheme in SCHEMES ? readableAddress(address) : kindName(scheme);
}

/** The colour token of a kind; connectors of third parties have the neutral one. */
export function kindColour(kind: Kind | null): string {
  return kind && kind in NAMES ? `var(--kind-${kind})` : 'var(--ink-soft)';
}
