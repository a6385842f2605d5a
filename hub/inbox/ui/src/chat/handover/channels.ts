// The ways on from this chat: which there are, and what a person has to do on each. Pure.
import type { Kind } from '$shared/types';

export interface Channel {
  connector: string;
  kind: Kind;
  /** The company's own name for it; its name in the configuration where it has none. */
  label: string;
}

/** What the server lists, without whatever is not of its form. */
export function channelsOf(found: unknown): Channel[] {
  if (!Array.isArray(found)) return [];
  return found.filter(
    (one: unknown): one is Channel =>
      typeof one === 'object' &&
      one !== null &&
      ['connector', 'kind', 'label'].every(
        (name) => typeof (one as Record<string, unknown>)[name] === 'string',
      ),
  );
}

/**
 * The number, mail address or name that a code is sent to, as the link has it; empty where the link
 * names none that a person could type.
 */
export function placeIn(url: string): string {
  const [scheme = '', rest = ''] = split(url, ':');
  if (scheme === 'sms') return readable(split(rest, '?')[0]);
  if (scheme === 'mailto') {
    const address = readable(split(rest, '?')[0]);
    const at = address.lastIndexOf('@');
    // Behind the last plus stands the token: the code beside it makes it needless.
    return address.slice(0, at).replace(/\+[^+]*$/u, '') + address.slice(at);
  }
  const bot = /^\/\/t\.me\/(\w+)/u.exec(rest)?.[1];
  return bot ? `@${bot}` : '';
}

/** Links that the browser may open: what a server says is not taken on trust. */
export function isSafe(url: string): boolean {
  return /^(?:https?:\/\/|sms:|mailto:|tg:|tel:|whatsapp:)/iu.test(url);
}

function split(text: string, by: string): [string, string] {
  const at = text.indexOf(by);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function readable(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
