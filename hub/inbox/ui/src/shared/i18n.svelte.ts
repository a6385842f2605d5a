// The language of the page: a change redraws the page without loading it again.
import { getLocale, getTextDirection, locales, overwriteGetLocale, setLocale } from '$paraglide/runtime.js';

export type Locale = (typeof locales)[number];

class Language {
  #locale = $state<Locale>(getLocale());
  #forced = $state<'ltr' | 'rtl' | null>(null);

  constructor() {
    overwriteGetLocale(() => this.#locale);
  }

  get locale(): Locale {
    return this.#locale;
  }

  get direction(): 'ltr' | 'rtl' {
    return this.#forced ?? getTextDirection(this.#locale);
  }

  get all(): readonly Locale[] {
    return locales;
  }

  /** The name of a language, in that language: `العربية`. */
  nameOf(locale: Locale): string {
    const name = new Intl.DisplayNames([locale], { type: 'language' }).of(locale) ?? locale;
    return name.charAt(0).toLocaleUpperCase(locale) + name.slice(1);
  }

  choose(locale: Locale): void {
    void setLocale(locale, { reload: false });
    this.#locale = locale;
    this.apply();
  }

  /** Sets the text direction against the language's, for a page embedded in another; null ends it. */
  force(direction: 'ltr' | 'rtl' | null): void {
    this.#forced = direction;
    this.apply();
  }

  apply(): void {
    document.documentElement.lang = this.#locale;
    document.documentElement.dir = this.direction;
  }
}

export const language = new Language();

/**
 * The page's language with the reader's own region, as far as the browser tells: `en-GB`. Digits are
 * those of the language, as in its counts, also where the region writes others: `ar-EG`.
 */
export function formatLocale(): string {
  const regional = navigator.languages.find((tag) => tag.split('-')[0] === language.locale);
  const { numberingSystem } = new Intl.NumberFormat(language.locale).resolvedOptions();
  return new Intl.Locale(regional ?? language.locale, { numberingSystem }).toString();
}
