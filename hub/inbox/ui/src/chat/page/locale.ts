import { language, type Locale } from '$shared/i18n.svelte';
import { loadMessages } from '../messages';

/**
 * The first wish that there is a catalogue for, of the languages that this chat may setLocale; where
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
  return known(may[0] ?? '') ?? 'en';
}

export async function setLocale(locale: Locale): Promise<void> {
  await loadMessages(locale);
  language.choose(locale);
}

function languageOf(tag: string): string {
  return tag.toLowerCase().split(/[-_]/)[0] ?? '';
}

function known(tag: string): Locale | undefined {
  return language.all.find((locale) => locale === tag);
}
