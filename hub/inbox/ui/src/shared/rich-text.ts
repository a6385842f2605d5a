// Splits a plain text into links and the text between them. The pieces are shown as text, never as HTML.

export type Piece = { text: string; href?: string };

const LINK = /\b((?:https?:\/\/|mailto:|sms:\+?\d)[^\s<>"']+|www\.[^\s<>"']+\.[^\s<>"']+)|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/giu;
const TRAILING = /[.,;:!?)\]}»”’'"،؛؟]+$/u;

export function pieces(text: string): Piece[] {
  const split: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    let address = match[0];
    const tail = TRAILING.exec(address)?.[0] ?? '';
    // Keep the bracket that belongs to the address: https://example.org/a_(b)
    if (tail && !(tail.startsWith(')') && address.includes('('))) address = address.slice(0, -tail.length);
    if (match.index > from) split.push({ text: text.slice(from, match.index) });
    split.push({ text: address, href: hrefOf(address) });
    from = match.index + address.length;
  }
  if (from < text.length) split.push({ text: text.slice(from) });
  return split;
}

function hrefOf(address: string): string {
  if (/^(?:https?|mailto|sms):/iu.test(address)) return address;
  return address.toLowerCase().startsWith('www.') ? `https://${address}` : `mailto:${address}`;
}

/** One to three emoji and nothing else: shown large. */
export function isOnlyEmoji(text: string): boolean {
  return /^(?:\p{Extended_Pictographic}(?:\p{EMod}|\uFE0F|\u200D\p{Extended_Pictographic})*\s*){1,3}$/u.test(text.trim());
}
