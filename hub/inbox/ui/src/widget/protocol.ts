// What the loader on somebody's page and the chat inside the iframe say to each other by postMessage.
// Both sides check origin and source, and drop whatever is not of this form.

/** Where the customer is, and how that page wants the chat to look. */
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
