// The app that a link opens, and the values that the link passes to it, as each provider documents them:
// https://core.telegram.org/bots/features#deep-linking
// https://developers.facebook.com/docs/messenger-platform/discovery/m-me-links
// RFC 5724 (sms), RFC 6068 (mailto)
import type { App } from './types';

export type LinkTarget =
  | { app: 'telegram' | 'messenger'; payload: string }
  | { app: 'sms'; text: string }
  | { app: 'mail'; to: string; subject: string; text: string };

/** The app and the values of a link; null for a link that opens in the browser. */
export function parseLink(link: string): LinkTarget | null {
  const url = parsedUrl(link.trim());
  const parameter = (name: string) => url?.searchParams.get(name) ?? '';
  switch (url?.protocol) {
    case 'sms:':
      return { app: 'sms', text: parameter('body') };
    case 'mailto:':
      return { app: 'mail', to: decodeURIComponent(url.pathname), subject: parameter('subject'), text: parameter('body') };
    case 'https:':
      if (url.hostname === 't.me') return { app: 'telegram', payload: parameter('start') };
      return url.hostname === 'm.me' ? { app: 'messenger', payload: parameter('ref') } : null;
    default:
      return null;
  }
}

/**
 * Whether the payload of a link is sent with the Start button, and not at once. `isEmpty` says that the app has
 * no message yet.
 */
export function needsStart(app: App, isEmpty: boolean): boolean {
  return app === 'telegram' || (app === 'messenger' && isEmpty);
}

function parsedUrl(link: string): URL | null {
  try {
    // In a query of these schemes a plus is a plus, not a space.
    return new URL(/^(?:sms|mailto):/iu.test(link) ? link.replaceAll('+', '%2B') : link);
  } catch {
    return null;
  }
}
