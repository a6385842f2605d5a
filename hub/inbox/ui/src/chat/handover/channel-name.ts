import { kindName } from '$shared/kinds';
import type { Channel } from './channels';

/** The channel's name as customers know it, with the company's label where there are several of the kind. */
export function channelName(
  of: { connector: string; kind: string },
  all: readonly Channel[],
): string {
  const known = all.find((channel) => channel.connector === of.connector);
  const name = kindName(of.kind);
  // The kind of a third party's connector has no name in the catalogue: its label is better.
  if (known && name === of.kind) return known.label;
  const isOnlyOne = all.filter((channel) => channel.kind === of.kind).length < 2;
  return isOnlyOne || !known ? name : `${name} (${known.label})`;
}
