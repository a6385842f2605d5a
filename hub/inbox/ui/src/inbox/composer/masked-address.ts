import { kindName } from '$shared/kinds';
import { readableAddress } from '$shared/format';
import type { Place } from '$shared/types';

const DOTS = '•••';
const SHOWN_DIGITS = 3;

/** The part of an address that tells it from others: "n•••@example.org", "+37•••345". */
export function maskedAddress(address: Place): string {
  const readable = readableAddress(address.address);
  if (address.kind === 'email') {
    const [local = '', domain = ''] = readable.split('@');
    return `${local.charAt(0)}${DOTS}@${domain}`;
  }
  if (address.kind === 'sms') return `${readable.slice(0, SHOWN_DIGITS)}${DOTS}${readable.slice(-SHOWN_DIGITS)}`;
  return kindName(address.kind);
}
