import { baseLocale, getTextDirection, locales, overwriteGetLocale } from '../paraglide/runtime.js';

type Locale = (typeof locales)[number];

/** The first wish that there is a catalogue for: what the site says, then the browser, then the hub. */
export function chooseLocale(wishes: readonly (string | null | undefined)[]): Locale {
  for (const wish of wishes) {
    const language = wish?.toLowerCase().split(/[-_]/)[0];
    const found = locales.find((locale) => locale === language);
    if (found) return found;
  }
  return baseLocale;
}

export function speak(locale: Locale): void {
  // The generated one reads localStorage, which throws in an iframe with blocked storage.
  overwriteGetLocale(() => locale);
  document.documentElement.lang = locale;
  document.documentElement.dir = getTextDirection(locale);
}
