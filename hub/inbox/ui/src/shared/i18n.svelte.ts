// The language of the page: changing it redraws the page, nothing is loaded anew.
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

  /** The language's name in itself: `العربية`. */
  nameOf(locale: Locale): string {
    const name = new Intl.DisplayNames([locale], { type: 'language' }).of(locale) ?? locale;
    return name.charAt(0).toLocaleUpperCase(locale) + name.slice(1);
  }

  choose(locale: Locale): void {
    void setLocale(locale, { reload: false });
    this.#locale = locale;
    this.apply();
  }

  /** Mirrors the page whatever the language says, for pages embedded in another. */
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
  const own = navigator.languages.find((tag) => tag.split('-')[0] === language.locale);
  const { numberingSystem } = new Intl.NumberFormat(language.locale).resolvedOptions();
  return new Intl.Locale(own ?? language.locale, { numberingSystem }).toString();
}
