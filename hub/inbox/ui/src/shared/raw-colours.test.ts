import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** Files that may name a colour, each with the reason. */
const EXCEPTIONS: Record<string, string> = {
  'shared/tokens.css': 'defines the tokens of all pages',
  'sandbox/tokens.css': 'defines the tokens of the apps that the sandbox draws',
  'widget/styles.ts': 'stands in a shadow root on another site, where no token of ours exists',
  'widget/loader.ts': 'computes the ink on the company’s colour, outside of our pages',
  'chat/page/settings.ts': 'computes the ink on the company’s colour, which is data',
  'inbox/thread/mail-document.ts': 'styles a mail in a frame that our style sheets do not reach',
};

const FUNCTIONS = String.raw`\b(?:rgb|rgba|hsl|hsla|hwb|lab|lch|oklab|oklch|color)\(\s*[\d.]`;
const HEX = String.raw`#(?:[\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})\b`;
// The usual colour names of CSS. `transparent` and `currentcolor` are not colours of their own.
const NAMED =
  'white|black|red|green|blue|yellow|orange|purple|pink|brown|gr[ae]y|silver|gold|navy|teal|olive|lime|aqua|cyan|magenta|fuchsia|maroon|indigo|violet|crimson|coral|salmon|tomato|khaki|beige|ivory|(?:light|dark|medium|deep|pale|slate|dim|hot|royal|steel|sky|forest)[a-z]*(?:gr[ae]y|blue|green|red|pink|orange|white)';

const IN_STYLES = new RegExp(`${FUNCTIONS}|${HEX}|(?<=[:,(\\s])(?:${NAMED})(?=[\\s;,)!}])`, 'giu');
const IN_STRINGS = new RegExp(`${FUNCTIONS}|(?<![.\\w/])${HEX}`, 'giu');

/** The parts of a file in which a colour may stand: style sheets, and the strings of scripts and markup. */
function rawColours(name: string, text: string): string[] {
  if (name.endsWith('.css')) return styleColours(text);
  const styles = [...text.matchAll(/<style[^>]*>([\s\S]*?)<\/style>/gu)].map(([, style = '']) => style);
  const script = text.replaceAll(/<style[^>]*>[\s\S]*?<\/style>/gu, '').replaceAll(/^\s*\/\/.*$/gmu, '');
  const strings = script.match(/'[^'\n]*'|"[^"\n]*"|`[^`]*`/gu) ?? [];
  return [...styles.flatMap(styleColours), ...strings.flatMap((string) => string.match(IN_STRINGS) ?? [])];
}

function styleColours(style: string): string[] {
  // Only values: a selector or the name of a token may hold the name of a colour.
  const declarations = style.replaceAll(/\/\*[\s\S]*?\*\//gu, '').match(/[\w-]+\s*:[^;{}]*[;}]/gu) ?? [];
  return declarations.flatMap((declaration) => declaration.slice(declaration.indexOf(':')).match(IN_STYLES) ?? []);
}

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
  (name) => /\.(?:svelte|css|ts)$/u.test(name) && !/\.(?:test|gen)\.ts$/u.test(name) && !name.startsWith('paraglide'),
);

test('a colour is named in tokens.css alone', () => {
  const withColours = files
    .filter((name) => !(name in EXCEPTIONS))
    .map((name) => [name, rawColours(name, readFileSync(`src/${name}`, 'utf8'))] as const)
    .filter(([, colours]) => colours.length > 0);
  expect(withColours).toEqual([]);
});

test('every exception is still needed', () => {
  for (const name of Object.keys(EXCEPTIONS)) {
    expect([name, rawColours(name, readFileSync(`src/${name}`, 'utf8')).length]).not.toEqual([name, 0]);
  }
});

test.each([
  ['a.css', 'p { color: #fff; }'],
  ['a.css', 'p { border: 1px solid white }'],
  ['a.css', 'p { background: light-dark(rgb(0 0 0 / 0.3), transparent); }'],
  ['a.svelte', '<p style="color: hsl(20 10% 10%)"></p>'],
  ['a.svelte', '<style>\n  p { background: linear-gradient(tomato, var(--ink)); }\n</style>'],
  ['a.ts', "element.style.color = '#aabbcc';"],
])('a raw colour is found in %s: %s', (name, text) => {
  expect(rawColours(name, text)).toHaveLength(1);
});

test.each([
  ['a.css', '.green { color: var(--green); background: currentcolor; }'],
  ['a.svelte', "<a href='#/admin' class='red'>#add</a><style>.red { color: color-mix(in srgb, var(--ink) 8%, transparent); }</style>"],
  ['a.ts', 'this.#add(`${this.#face} ${name}`); // #fff'],
])('no colour is found in %s: %s', (name, text) => {
  expect(rawColours(name, text)).toEqual([]);
});
