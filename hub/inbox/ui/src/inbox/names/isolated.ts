const FIRST_STRONG_ISOLATE = String.fromCharCode(0x2068);
const POP_ISOLATE = String.fromCharCode(0x2069);

/** Keeps a name in its own script from turning the sentence around it. */
export function isolated(name: string): string {
  return name && `${FIRST_STRONG_ISOLATE}${name}${POP_ISOLATE}`;
}
