// Which app of the phone a link opens, and with what, as each provider's own page describes it:
// https://core.telegram.org/bots/features#deep-linking
// https://developers.facebook.com/docs/messenger-platform/discovery/m-me-links
// RFC 5724 (sms), RFC 6068 (mailto)
import type { App } from './types';

export type Opened =
  | { app: 'telegram' | 'messenger'; payload: string }
  | { app: 'sms'; text: string }
  | { app: 'mail'; to: string; subject: string; text: string };

/** Null for links that open in the browser. */
export function opened(link: string): Opened | null {
  const url = parsed(link.trim());
  const asked = (name: string) => url?.searchParams.get(name) ?? '';
  switch (url?.protocol) {
    case 'sms:':
      return { app: 'sms', text: asked('body') };
    case 'mailto:':
      return { app: 'mail', to: decodeURIComponent(url.pathname), subject: asked('subject'), text: asked('body') };
    case 'https:':
      if (url.hostname === 't.me') return { app: 'telegram', payload: asked('start') };
      return url.hostname === 'm.me' ? { app: 'messenger', payload: asked('ref') } : null;
    default:
      return null;
  }
}

/** Where the shop's greeting button, not the thread itself, carries what the link brought. */
export function needsStart(app: App, isEmpty: boolean): boolean {
  return app === 'telegram' || (app === 'messenger' && isEmpty);
}

function parsed(link: string): URL | null {
  try {
    // A plus in a query of these schemes is a plus, and not a space.
    return new URL(/^(?:sms|mailto):/iu.test(link) ? link.replaceAll('+', '%2B') : link);
  } catch {
    return null;
  }
}
