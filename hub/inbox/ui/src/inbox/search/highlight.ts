export interface Piece {
  text: string;
  isMatch: boolean;
}

function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase();
}

/** Marks the words that begin with a word of the query, whatever their case and accents. */
export function highlighted(text: string, query: string): Piece[] {
  const queryWords = plain(query).split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const pieces: Piece[] = [];
  for (const part of text.split(/([\p{L}\p{N}\p{M}]+)/u)) {
    if (!part) continue;
    const isMatch = queryWords.some((word) => plain(part).startsWith(word));
    const last = pieces.at(-1);
    if (last && last.isMatch === isMatch) last.text += part;
    else pieces.push({ text: part, isMatch });
  }
  return pieces;
}
