// Finds what can be clicked in a plain text. The pieces are shown as text, never as HTML.

export type Piece = { text: string; href?: string };

const LINK = /\b((?:https?:\/\/|mailto:|sms:\+?\d)[^\s<>"']+|www\.[^\s<>"']+\.[^\s<>"']+)|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/giu;
const TRAILING = /[.,;:!?)\]}»”’'"،؛؟]+$/u;

export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    let word = match[0];
    const tail = TRAILING.exec(word)?.[0] ?? '';
    // Keep the bracket that belongs to the address: https://example.org/a_(b)
    if (tail && !(tail.startsWith(')') && word.includes('('))) word = word.slice(0, -tail.length);
    if (match.index > from) found.push({ text: text.slice(from, match.index) });
    found.push({ text: word, href: hrefOf(word) });
    from = match.index + word.length;
  }
  if (from < text.length) found.push({ text: text.slice(from) });
  return found;
}

function hrefOf(word: string): string {
  if (/^(?:https?|mailto|sms):/iu.test(word)) return word;
  return word.toLowerCase().startsWith('www.') ? `https://${word}` : `mailto:${word}`;
}

/** One to three emoji and nothing else: shown large. */
export function isOnlyEmoji(text: string): boolean {
  return /^(?:\p{Extended_Pictographic}(?:\p{EMod}|\uFE0F|\u200D\p{Extended_Pictographic})*\s*){1,3}$/u.test(text.trim());
}
