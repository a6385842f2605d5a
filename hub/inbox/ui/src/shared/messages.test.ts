import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

type Catalogue = Record<string, unknown>;
type Form = { declarations: string[]; match: Record<string, string> };
type Project = {
  locales: string[];
  'plugin.inlang.messageFormat': { pathPattern: string[] };
};

function read<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

function catalogue(pattern: string, locale: string): Catalogue {
  return read<Catalogue>(pattern.replace('{locale}', locale));
}

function placeholders(value: unknown): string[] {
  return [...new Set(JSON.stringify(value).match(/\{\w+\}/gu) ?? [])].sort();
}

function projectSettings(name: string): { locales: string[]; patterns: string[] } {
  const project = read<Project>(`${name}.inlang/settings.json`);
  return { locales: project.locales, patterns: project['plugin.inlang.messageFormat'].pathPattern };
}

function usedMessages(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const code = files
    .filter((name) => /\.(ts|svelte)$/u.test(name) && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(`${folder}/${name}`, 'utf8'))
    .filter((text) => text.includes("from '$messages'"));
  return [...new Set(code.flatMap((text) => text.match(/(?<=\bm\.)\w+(?=\()/gu) ?? []))];
}

const CASES = ['chat', 'project'].flatMap((name) => {
  const { locales, patterns } = projectSettings(name);
  return patterns.flatMap((pattern) => locales.map((locale) => [pattern, locale] as const));
});

test('the chat has five languages, the inbox two', () => {
  expect(projectSettings('chat').locales.toSorted()).toEqual(['ar', 'en', 'et', 'fa', 'pl']);
  expect(projectSettings('project').locales.toSorted()).toEqual(['ar', 'en']);
});

test.each(CASES)('%s has the same messages in %s as in English', (pattern, locale) => {
  expect(Object.keys(catalogue(pattern, locale)).sort()).toEqual(Object.keys(catalogue(pattern, 'en')).sort());
});

test.each(CASES)('the placeholders of %s are the same in %s', (pattern, locale) => {
  const translated = catalogue(pattern, locale);
  for (const [key, value] of Object.entries(catalogue(pattern, 'en'))) {
    expect([key, placeholders(translated[key])]).toEqual([key, placeholders(value)]);
  }
});

test.each(CASES)('counted messages in %s have every plural form of %s', (pattern, locale) => {
  const forms = new Intl.PluralRules(locale).resolvedOptions().pluralCategories;
  const needed = forms.filter((form) => form !== 'other').map((form) => `form=${form}`);
  for (const [key, value] of Object.entries(catalogue(pattern, locale))) {
    if (!Array.isArray(value)) continue;
    const [{ match }] = value as [Form];
    expect([key, Object.keys(match)]).toEqual([key, expect.arrayContaining([...needed, 'form=*'])]);
  }
});

// The compiler sees the messages of all builds: only this test finds one that a build does not have.
test.each([
  ['src/chat', ['chat/', 'shared/']],
  ['src/shared', ['shared/']],
  ['src/inbox', ['', 'shared/', 'sandbox/']],
  ['src/sandbox', ['', 'shared/', 'sandbox/']],
])('the messages that %s uses are in the catalogues of its own build', (folder, catalogues) => {
  const known = catalogues.flatMap((name) => Object.keys(catalogue(`messages/${name}{locale}.json`, 'en')));
  const used = usedMessages(folder);
  expect(used).not.toEqual([]);
  expect(used.filter((key) => !known.includes(key))).toEqual([]);
});
