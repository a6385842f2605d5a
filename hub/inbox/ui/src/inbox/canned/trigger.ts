/** A `/` at the start of a word before the cursor, with what was typed after it. */
export interface Trigger {
  start: number;
  query: string;
}

/** Finds the trigger that the cursor is in: not in `and/or`, `10:30`, a path or a link. */
export function findTrigger(text: string, cursor: number): Trigger | null {
  const match = /(?:^|\s)\/([^\s/]{0,64})$/u.exec(text.slice(0, cursor));
  if (!match) return null;
  const query = match[1] ?? '';
  return { start: cursor - query.length - 1, query };
}
