// The channels on which this conversation can go on. Pure.
import type { Kind } from '$shared/types';

export interface Channel {
  connector: string;
  kind: Kind;
  /** The company's own name for it; its name in the configuration where it has none. */
  label: string;
}

/** The channels of the server's list; entries of another form are left out. */
export function parseChannels(list: unknown): Channel[] {
  if (!Array.isArray(list)) return [];
  return list.filter(
    (entry: unknown): entry is Channel =>
      typeof entry === 'object' &&
      entry !== null &&
      ['connector', 'kind', 'label'].every(
        (name) => typeof (entry as Record<string, unknown>)[name] === 'string',
      ),
  );
}

/**
 * The number, mail address or name to which the code is sent, from the link; empty where the link has
 * none that a person could type.
 */
export function codeAddress(url: string): string {
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

/** Whether the browser may open a link: a link of the server is not trusted. */
export function isSafeUrl(url: string): boolean {
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
