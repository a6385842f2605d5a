import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keyName, runShortcut, type Shortcuts } from './shortcuts';

const ran: string[] = [];
let hasSingleKeys = true;
const NAMES = ['j', 'x', 'a', 'enter', '?', '/', 'g m', 'g a', 'l', 's'];
const shortcuts: Shortcuts = {
  keys: Object.fromEntries(NAMES.map((name) => [name, () => ran.push(name)])),
  togglePalette: () => ran.push('palette'),
  hasSingleKeys: () => hasSingleKeys,
};

let onKey: (event: KeyboardEvent) => void;
beforeEach(() => {
  ran.length = 0;
  hasSingleKeys = true;
  onKey = (event) => runShortcut(event, shortcuts);
  window.addEventListener('keydown', onKey);
});
afterEach(() => {
  window.removeEventListener('keydown', onKey);
  document.body.innerHTML = '';
  vi.useRealTimers();
});

function press(key: string, more: KeyboardEventInit = {}, target: Element = document.body): boolean {
  return !target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
}

test.each([
  ['Arabic', 'ت', 'KeyJ'],
  ['Persian', 'ت', 'KeyJ'],
  ['Russian', 'о', 'KeyJ'],
  ['Greek', 'ξ', 'KeyJ'],
  ['Hebrew', 'ח', 'KeyJ'],
  ['Dvorak', 'j', 'KeyC'],
  ['AZERTY', 'j', 'KeyJ'],
])('j works on a keyboard of %s', (_layout, key, code) => {
  press(key, { code });
  expect(ran).toEqual(['j']);
});

test.each([
  ['Arabic', 'ن', 'KeyK'],
  ['Persian', 'ن', 'KeyK'],
  ['Russian', 'л', 'KeyK'],
  ['Dvorak', 'k', 'KeyV'],
  ['QWERTY', 'K', 'KeyK'],
])('Ctrl+K opens the palette on a keyboard of %s', (_layout, key, code) => {
  expect(press(key, { code, ctrlKey: true })).toBe(true);
  expect(ran).toEqual(['palette']);
});

test('a key whose Latin letter is another one is no command by its place', () => {
  // Dvorak writes h where QWERTY has j.
  press('h', { code: 'KeyJ' });
  press('t', { code: 'KeyK', ctrlKey: true });
  expect(ran).toEqual([]);
});

test.each([
  ['ą', 'KeyA'],
  ['ł', 'KeyL'],
  ['ś', 'KeyS'],
  ['@', 'KeyQ'],
  ['k', 'KeyK'],
])('AltGr that writes %s is no command', (key, code) => {
  const event = { code, ctrlKey: true, altKey: true, modifierAltGraph: true };
  expect(press(key, event)).toBe(false);
  expect(press(key, { code, altKey: true })).toBe(false);
  expect(ran).toEqual([]);
});

test('question mark and slash have their names on every keyboard', () => {
  expect(keyName({ key: '؟', code: 'Slash', shiftKey: true })).toBe('?');
  expect(keyName({ key: 'ظ', code: 'Slash', shiftKey: false })).toBe('/');
  expect(keyName({ key: '?', code: 'Minus', shiftKey: true })).toBe('?');
});

test('two keys one after the other are one command, and their second is none of its own', () => {
  press('g');
  press('a');
  press('a');
  expect(ran).toEqual(['g a', 'a']);
});

test('a second key that comes late is a command of its own', () => {
  const events = [new KeyboardEvent('keydown', { key: 'g', bubbles: true }), new KeyboardEvent('keydown', { key: 'a', bubbles: true })];
  Object.defineProperty(events[0], 'timeStamp', { value: 1000 });
  Object.defineProperty(events[1], 'timeStamp', { value: 9000 });
  for (const event of events) document.body.dispatchEvent(event);
  expect(ran).toEqual(['a']);
});

test('letters that are written are no commands, but those beside a checkbox are', () => {
  document.body.innerHTML = '<input id="text"><textarea></textarea><input type="checkbox">';
  press('j', {}, document.querySelector('#text')!);
  press('j', {}, document.querySelector('textarea')!);
  expect(ran).toEqual([]);
  press('x', {}, document.querySelector('[type=checkbox]')!);
  expect(ran).toEqual(['x']);
});

test('Enter on a button or a link is its own', () => {
  document.body.innerHTML = '<button></button><a href="#x"></a>';
  press('Enter', {}, document.querySelector('button')!);
  press('Enter', {}, document.querySelector('a')!);
  expect(ran).toEqual([]);
  press('Enter');
  expect(ran).toEqual(['enter']);
});

test('Enter that ends the input of an input method is no command', () => {
  press('Enter', { keyCode: 229 } as KeyboardEventInit);
  expect(ran).toEqual([]);
});

test('single keys that are turned off do nothing, and Ctrl+K still opens the palette', () => {
  hasSingleKeys = false;
  press('j');
  press('g');
  press('m');
  press('k', { ctrlKey: true });
  expect(ran).toEqual(['palette']);
});

test('keys belong to a dialog that is open', () => {
  document.body.innerHTML = '<div role="dialog"></div>';
  press('j');
  expect(ran).toEqual([]);
});
