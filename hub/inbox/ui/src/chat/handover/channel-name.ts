import { kindName } from '$shared/kinds';
import type { Channel } from './channels';

/** The channel as customers know it; with the company's own name for it where there are several. */
export function channelName(
  of: { connector: string; kind: string },
  all: readonly Channel[],
): string {
  const known = all.find((one) => one.connector === of.connector);
  const name = kindName(of.kind);
  // The kind of a third party's connector has no name in the catalogue: its label is better.
  if (known && name === of.kind) return known.label;
  const isOne = all.filter((one) => one.kind === of.kind).length < 2;
  return isOne || !known ? name : `${name} (${known.label})`;
}
