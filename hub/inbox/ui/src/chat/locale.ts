import { baseLocale, getTextDirection, locales, overwriteGetLocale } from '../paraglide/runtime.js';

type Locale = (typeof locales)[number];

/**
 * The first wish that there is a catalogue for, of the languages that this chat may speak; where
 * none fits, the first of those.
 */
export function chooseLocale(
  wishes: readonly (string | null | undefined)[],
  allowed: readonly string[] = [],
): Locale {
  const may = allowed.map(languageOf).filter((language) => known(language));
  for (const wish of wishes) {
    const found = known(languageOf(wish ?? ''));
    if (found && (may.length === 0 || may.includes(found))) return found;
  }
  return known(may[0] ?? '') ?? baseLocale;
}

export function speak(locale: Locale): void {
  // The generated one reads localStorage, which throws in an iframe with blocked storage.
  overwriteGetLocale(() => locale);
  document.documentElement.lang = locale;
  document.documentElement.dir = getTextDirection(locale);
}

function languageOf(tag: string): string {
  return tag.toLowerCase().split(/[-_]/)[0] ?? '';
}

function known(language: string): Locale | undefined {
  return locales.find((locale) => locale === language);
}
