// The catalogue of one language. The others stay on the server.
import type * as Words from '../paraglide/chat/messages/en.js';
import type { Locale } from '../paraglide/chat/runtime.js';

const CATALOGUES: Record<Locale, () => Promise<typeof Words>> = {
  en: () => import('../paraglide/chat/messages/en.js'),
  ar: () => import('../paraglide/chat/messages/ar.js'),
  et: () => import('../paraglide/chat/messages/et.js'),
  fa: () => import('../paraglide/chat/messages/fa.js'),
  pl: () => import('../paraglide/chat/messages/pl.js'),
};

/** Unset until a catalogue is loaded: no module may read it while modules load. */
export let m: typeof Words;

export async function loadMessages(locale: Locale): Promise<void> {
  m = await CATALOGUES[locale]();
}
