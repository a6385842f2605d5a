// Mentions as they stand in the text of a note: @ and the whole name. What is named is read from the text when it is
// sent, so it is right in a draft from another screen, and after any change of the text.

export interface Suggestion {
  type: 'agent' | 'team';
  id: string;
  name: string;
}

export interface Named {
  mentions?: string[];
  mention_teams?: string[];
}

export interface Trigger {
  /** The place of the @. */
  at: number;
  /** What is typed after it. */
  query: string;
}

const LONGEST_QUERY = 40;
const MAX_SUGGESTIONS = 8;

const folded = (text: string) => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLocaleLowerCase();

/** The @ that is being typed before the cursor; null where none is, as in a mail address. */
export function triggerBefore(text: string, cursor: number): Trigger | null {
  const before = text.slice(Math.max(0, cursor - LONGEST_QUERY - 1), cursor);
  const match = /(?:^|[\s(،,;:])@([^@\n]*)$/u.exec(before);
  if (match?.[1] === undefined) return null;
  return { at: cursor - match[1].length - 1, query: match[1] };
}

/** Those whose name begins with what was typed, or has a word that does; the better ones first. */
export function suggestionsFor(query: string, all: readonly Suggestion[]): Suggestion[] {
  const wanted = folded(query);
  if (wanted !== wanted.trimStart()) return [];
  const rank = ({ name }: Suggestion) => {
    const plain = folded(name);
    if (plain.startsWith(wanted)) return 0;
    return plain.split(/\s+/u).some((word) => word.startsWith(wanted)) ? 1 : 2;
  };
  return all
    .filter((each) => rank(each) < 2)
    .toSorted((one, other) => rank(one) - rank(other))
    .slice(0, MAX_SUGGESTIONS);
}

/** The text with a suggestion in the place of what was typed, and the cursor after it. */
export function choose(text: string, { at, query }: Trigger, { name }: Suggestion): { text: string; cursor: number } {
  const end = at + 1 + query.length;
  const rest = text.slice(end);
  const words = `@${name}${/^\s/u.test(rest) ? '' : ' '}`;
  return { text: text.slice(0, at) + words + rest, cursor: at + words.length };
}

/** Everybody whose whole name stands after an @ in a text. Two of one name are both meant. */
export function mentionsIn(text: string, all: readonly Suggestion[]): Named {
  const found: Suggestion[] = [];
  const longestFirst = all.toSorted((one, other) => other.name.length - one.name.length);
  for (const { index } of text.matchAll(/@/gu)) {
    const rest = text.slice(index + 1);
    const isWord = (name: string) => rest.startsWith(name) && !/^[\p{L}\p{N}_]/u.test(rest.slice(name.length));
    const name = longestFirst.find((each) => isWord(each.name))?.name;
    found.push(...all.filter((each) => each.name === name));
  }
  const ids = (type: Suggestion['type']) => [...new Set(found.filter((each) => each.type === type).map((each) => each.id))];
  const [mentions, teams] = [ids('agent'), ids('team')];
  return { ...(mentions.length > 0 ? { mentions } : {}), ...(teams.length > 0 ? { mention_teams: teams } : {}) };
}
