/** What stands in a text for a variable without a value, for a person to fill in: `⟦size⟧`. */
export interface Blank {
  start: number;
  end: number;
  name: string;
}

export function findBlanks(text: string): Blank[] {
  return [...text.matchAll(/⟦([^⟦⟧\n]*)⟧/gu)].map((match) => ({ start: match.index, end: match.index + match[0].length, name: match[1] ?? '' }));
}

/** The blank after the cursor, or before it when going backwards; round and round. */
export function nextBlank(text: string, cursor: number, backwards = false): Blank | null {
  const blanks = findBlanks(text);
  const following = backwards ? blanks.findLast((blank) => blank.end < cursor) : blanks.find((blank) => blank.start >= cursor);
  return following ?? (backwards ? blanks.at(-1) : blanks[0]) ?? null;
}
