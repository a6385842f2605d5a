// The JSON shapes of the sandbox's API, as hub/sandbox/pages/page.py writes them.

export type App = 'telegram' | 'messenger' | 'sms';
export type Tick = '' | 'sent' | 'delivered' | 'read' | 'failed';

export interface Media {
  url: string;
  media_type: string;
  name: string;
}

export interface Bubble {
  id: string;
  mine: boolean;
  kind: 'text' | 'photo' | 'voice' | 'audio' | 'video' | 'animation' | 'sticker' | 'file' | 'location' | 'contact';
  text: string;
  media: Media | null;
  location: [number, number] | null;
  buttons: { title: string; payload: string }[];
  reply_to: string;
  reaction: string;
  edited: boolean;
  by_provider: boolean;
  status: Tick;
  problem: string;
  at: string;
}

export interface Mail {
  id: string;
  subject: string;
  text: string;
  html: string;
  attachments: Media[];
  sender: string;
  to: string;
  in_reply_to: string;
  automatic: boolean;
  mine: boolean;
  at: string;
}

export interface Switches {
  bot_blocked: boolean;
  page_blocked: boolean;
  window: 'never' | 'open' | 'people' | 'closed';
  stopped: boolean;
  phone_off: boolean;
  away: boolean;
  mailbox_full: boolean;
}

export interface Person {
  key: string;
  name: string;
  language: string;
  phone: string;
  mail: string;
  screens: Record<App | 'mail', string>;
  switches: Switches;
}

export interface World {
  life: string;
  last: number;
  hub_url: string;
  shop_url: string;
  shop_mail: string;
  shop_number: string;
  bot: string;
  people: Person[];
  screens: Record<string, Bubble[]>;
  mails: Record<string, Mail[]>;
}
