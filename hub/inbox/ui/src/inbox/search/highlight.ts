export interface Piece {
  text: string;
  isMatch: boolean;
}

/** Letters that no decomposition brings to the ones that people type for them, as in the hub's search. */
const LETTERS: Record<string, string> = {
  ...{ ł: 'l', ø: 'o', đ: 'd', ð: 'd', ħ: 'h', ı: 'i', ŧ: 't', æ: 'ae', œ: 'oe', þ: 'th', ß: 'ss', ς: 'σ' },
  ...{ ي: 'ی', ى: 'ی', ك: 'ک', ڪ: 'ک', ة: 'ه', ۃ: 'ه', ہ: 'ه', ھ: 'ه', ە: 'ه', ٱ: 'ا', ـ: '' },
};
/** The first digit of each script whose people also write 0 to 9. */
const ZEROES = '٠۰०০੦૦୦௦౦೦൦๐໐၀';

for (const zero of ZEROES) {
  for (let digit = 0; digit < 10; digit += 1) LETTERS[String.fromCodePoint(zero.codePointAt(0)! + digit)] = String(digit);
}

/** The plainest form of a text, in which what people type for it is found. */
export function plain(text: string): string {
  const letters = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return [...letters].map((letter) => LETTERS[letter] ?? letter).join('');
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
