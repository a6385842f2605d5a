import { kindName } from '$shared/kinds';
import { readableAddress } from '$shared/format';
import type { Place } from '$shared/types';

const DOTS = '•••';
const SHOWN_DIGITS = 3;

/** As much of an address as tells which one it is: "n•••@example.org", "+37•••345". */
export function maskedAddress(place: Place): string {
  const readable = readableAddress(place.address);
  if (place.kind === 'email') {
    const [local = '', domain = ''] = readable.split('@');
    return `${local.charAt(0)}${DOTS}@${domain}`;
  }
  if (place.kind === 'sms') return `${readable.slice(0, SHOWN_DIGITS)}${DOTS}${readable.slice(-SHOWN_DIGITS)}`;
  return kindName(place.kind);
}
