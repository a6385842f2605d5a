export interface Suggestion {
  type: 'reply' | 'macro';
  id: string;
  name: string;
  /** What is typed after `/`; empty for a macro. */
  shortcut: string;
  text: string;
}

const STROKES: Record<string, string> = { ł: 'l', ø: 'o', đ: 'd', ħ: 'h', ı: 'i', ß: 'ss', ي: 'ی', ى: 'ی', ك: 'ک', ة: 'ه' };

/** The plainest form of a text: without accents and strokes, in lower case. */
function plain(text: string): string {
  const bare = text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
  return bare.replaceAll(/[łøđħıßيىكة]/gu, (letter) => STROKES[letter] ?? letter);
}

const MOST = 50;

/** The suggestions for what was typed: by the beginning of their shortcut or name before other words. */
export function matchSuggestions(all: readonly Suggestion[], query: string): Suggestion[] {
  const wanted = plain(query);
  const first: Suggestion[] = [];
  const others: Suggestion[] = [];
  for (const item of all) {
    if (plain(item.shortcut).startsWith(wanted) || plain(item.name).startsWith(wanted)) first.push(item);
    else if (plain(`${item.shortcut} ${item.name} ${item.text}`).includes(wanted)) others.push(item);
  }
  return [...first, ...others].slice(0, MOST);
}
