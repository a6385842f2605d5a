// The messages that the loader on a site's page and the chat in the iframe exchange by postMessage.
// Both sides check origin and source, and ignore messages of any other form.

/** The page that the customer is on, and the look of the chat that the page sets. */
export interface PageInfo {
  url: string;
  title: string;
  referrer: string;
  locale?: string | undefined;
  color?: string | undefined;
  heading?: string | undefined;
}

export type ToChat =
  | { hub: 'page'; open: boolean; page: PageInfo }
  | { hub: 'open'; page: PageInfo }
  | { hub: 'close' }
  | { hub: 'identify'; identity: unknown }
  | { hub: 'reset' };

export type ToPage =
  | { hub: 'ready'; color: string; position: 'left' | 'right' | null }
  | { hub: 'unread'; count: number }
  | { hub: 'close' }
  | { hub: 'resize'; large: boolean };
