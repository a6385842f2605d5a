// The page's address after the #: a path, and what the list shows.

const LIST = '#/';

/** The path without what the list shows: `#/conversations/17`. */
export function pathOf(hash: string): string {
  return hash.split('?', 1)[0] ?? '';
}

function parametersIn(hash: string): URLSearchParams {
  const at = hash.indexOf('?');
  return new URLSearchParams(at < 0 ? '' : hash.slice(at + 1));
}

/** What the list shows: `status=pending&label=vip`. */
export function queryIn(hash: string): string {
  const parameters = parametersIn(hash);
  parameters.delete('message');
  return parameters.toString();
}

/** The message of the conversation that an address leads to: `#/conversations/12?message=345`. */
export function messageIn(hash: string): string | null {
  return parametersIn(hash).get('message');
}

export function conversationIn(hash: string): string | null {
  return /^#\/conversations\/([^/]+)$/u.exec(pathOf(hash))?.[1] ?? null;
}

/** An address of a path, empty for the list alone, and of what the list shows. */
export function addressWith(path: string, query: string): string {
  return query ? `${path || LIST}?${query}` : path;
}
