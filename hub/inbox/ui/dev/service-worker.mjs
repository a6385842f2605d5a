// Writes the service worker of this build: with the files that the inbox's page needs, and the words of pushes.
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = at('../../static/');
const WORDS = /^told_/;

/** The files of the build that the page names, and those that they name. */
async function filesOf(page) {
  const names = await readdir(`${folder}assets`);
  const found = new Set();
  const waiting = [page];
  while (waiting.length > 0) {
    const content = await readFile(folder + waiting.pop(), 'utf8');
    for (const name of names) {
      // Fonts are left out: each is loaded for its script alone.
      if (found.has(name) || !/\.(js|css|svg)$/.test(name) || !content.includes(name)) continue;
      found.add(name);
      waiting.push(`assets/${name}`);
    }
  }
  return [...found].sort().map((name) => `/assets/${name}`);
}

async function words() {
  const { locales } = JSON.parse(await readFile(at('../project.inlang/settings.json'), 'utf8'));
  const entries = locales.map(async (locale) => {
    const catalogue = JSON.parse(await readFile(at(`../messages/${locale}.json`), 'utf8'));
    return [locale, Object.fromEntries(Object.entries(catalogue).filter(([name]) => WORDS.test(name)))];
  });
  return Object.fromEntries(await Promise.all(entries));
}

const files = await filesOf('inbox.html');
const source = await readFile(at('../service-worker/service-worker.js'), 'utf8');
const page = await readFile(`${folder}inbox.html`, 'utf8');
const version = createHash('sha256').update(page).update(source).update(files.join()).digest('hex').slice(0, 16);
const head = `const BUILD = ${JSON.stringify({ version, files })};\nconst WORDS = ${JSON.stringify(await words())};\n`;
await writeFile(`${folder}service-worker.js`, head + source);
