// The words of one language. The others stay on the server: nobody reads two.
import type * as Words from '../paraglide/chat/messages/en.js';
import type { Locale } from '../paraglide/chat/runtime.js';

const CATALOGUES: Record<Locale, () => Promise<typeof Words>> = {
  en: () => import('../paraglide/chat/messages/en.js'),
  ar: () => import('../paraglide/chat/messages/ar.js'),
  et: () => import('../paraglide/chat/messages/et.js'),
  fa: () => import('../paraglide/chat/messages/fa.js'),
  pl: () => import('../paraglide/chat/messages/pl.js'),
};

/** Unset until a language is learned: to be called for, never kept, while modules load. */
export let m: typeof Words;

export async function learn(locale: Locale): Promise<void> {
  m = await CATALOGUES[locale]();
}
