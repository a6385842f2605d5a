export interface Piece {
  text: string;
  hit: boolean;
}

function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase();
}

/** Marks the words that begin with a word of the query, whatever their case and accents. */
export function highlighted(text: string, query: string): Piece[] {
  const wanted = plain(query).split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const found: Piece[] = [];
  for (const part of text.split(/([\p{L}\p{N}\p{M}]+)/u)) {
    if (!part) continue;
    const hit = wanted.some((word) => plain(part).startsWith(word));
    const last = found.at(-1);
    if (last && last.hit === hit) last.text += part;
    else found.push({ text: part, hit });
  }
  return found;
}
