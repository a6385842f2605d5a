// Finds addresses in a text. The text stays text: only these three schemes become links.

export interface Part {
  text: string;
  href?: string;
}

const CANDIDATE =
  /(?:https?:\/\/|www\.)[^\s<>"`]+|mailto:[^\s<>"`]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+/giu;
const SCHEMES = new Set(['http:', 'https:', 'mailto:']);

export function linkify(text: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const found = withoutPunctuation(match[0]);
    const href = hrefOf(found);
    if (!href) continue;
    if (match.index > end) parts.push({ text: text.slice(end, match.index) });
    parts.push({ text: found, href });
    end = match.index + found.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}

/** "See https://example.com/a." ends a sentence; "(https://example.com/a_(b))" keeps its pair. */
function withoutPunctuation(found: string): string {
  let kept = found;
  for (;;) {
    const last = kept.at(-1) ?? '';
    const opened = kept.split('(').length;
    const closed = kept.split(')').length;
    if (/[.,;:!?'"»”’…\]}*_،؛؟]/u.test(last) || (last === ')' && closed > opened)) {
      kept = kept.slice(0, -1);
    } else {
      return kept;
    }
  }
}

function hrefOf(found: string): string | null {
  const hasScheme = /^(?:https?:\/\/|mailto:)/i.test(found);
  const prefix = hasScheme ? '' : found.includes('@') && !found.startsWith('www.') ? 'mailto:' : 'https://';
  try {
    const url = new URL(prefix + found);
    return SCHEMES.has(url.protocol) && (url.hostname || url.protocol === 'mailto:') ? url.href : null;
  } catch {
    return null;
  }
}
