import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

type Catalogue = Record<string, unknown>;

function catalogue(folder: string, locale: string): Catalogue {
  return JSON.parse(readFileSync(`messages/${folder}${locale}.json`, 'utf8')) as Catalogue;
}

function places(value: unknown): string[] {
  return [...new Set(JSON.stringify(value).match(/\{\w+\}/gu) ?? [])].sort();
}

const FOLDERS = ['', 'chat/', 'sandbox/'];
const LOCALES = readdirSync('messages')
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.replace('.json', ''));

test.each(FOLDERS.flatMap((folder) => LOCALES.map((locale) => [folder, locale] as const)))('every message of %s is there in %s', (folder, locale) => {
  expect(Object.keys(catalogue(folder, locale)).sort()).toEqual(Object.keys(catalogue(folder, 'en')).sort());
});

test.each(FOLDERS.flatMap((folder) => LOCALES.map((locale) => [folder, locale] as const)))('the places to fill in %s are the same in %s', (folder, locale) => {
  const translated = catalogue(folder, locale);
  for (const [key, value] of Object.entries(catalogue(folder, 'en'))) {
    expect([key, places(translated[key])]).toEqual([key, places(value)]);
  }
});
