export function isMac(): boolean {
  return /mac|iphone|ipad/iu.test(navigator.platform);
}

/** The kinds of inputs in which nobody writes: their keys stay commands. */
const NOT_WRITTEN = new Set(['button', 'checkbox', 'radio', 'range', 'submit', 'reset', 'color', 'file', 'image']);
/** How long `g` waits for its second key. */
const SECOND_KEY_MS = 1500;

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !NOT_WRITTEN.has(target.type);
  return target.isContentEditable || /^(?:TEXTAREA|SELECT)$/u.test(target.tagName);
}

/** Whether Enter on this element is its own, such as that of a button or a link. */
function hasOwnEnter(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('a[href], button, summary, [role="menuitem"], [role="option"], [tabindex]:not([tabindex="-1"])') !== null;
}

/** Whether a menu or a dialog is open: keys belong to it then. */
function isCovered(): boolean {
  return document.querySelector('[role="menu"], [role="dialog"], [role="alertdialog"], [role="listbox"]') !== null;
}

export interface Shortcuts {
  /** By the name of the key, in lower case: `j`, `/`, `?`, `enter`; two keys with a space between them: `g m`. */
  keys: Record<string, () => void>;
  togglePalette: () => void;
  /** Whether single keys are commands; without it those with Ctrl are. */
  hasSingleKeys: () => boolean;
}

let firstKey = '';
let firstKeyAt = 0;

/** Runs the command of a key, unless the agent is writing a text. */
export function runShortcut(event: KeyboardEvent, { keys, togglePalette, hasSingleKeys }: Shortcuts): void {
  if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
  // AltGr writes letters and signs: ą in Polish, @ in German. It is no command, nor is Alt.
  if (event.altKey || event.getModifierState('AltGraph')) return;
  const isCommand = event.metaKey || event.ctrlKey;
  if (isCommand && keyName(event) === 'k') {
    event.preventDefault();
    togglePalette();
    return;
  }
  if (event.key === 'Escape' && isWriting(event.target)) {
    (event.target as HTMLElement).blur();
    return;
  }
  if (isCommand || isWriting(event.target) || isCovered() || !hasSingleKeys()) return;
  const name = keyName(event);
  if (name === 'enter' && hasOwnEnter(event.target)) return;
  const isSecond = firstKey !== '' && event.timeStamp - firstKeyAt < SECOND_KEY_MS;
  const run = isSecond ? keys[`${firstKey} ${name}`] : keys[name];
  firstKey = '';
  if (run) {
    event.preventDefault();
    run();
  } else if (!isSecond && Object.keys(keys).some((key) => key.startsWith(`${name} `))) {
    firstKey = name;
    firstKeyAt = event.timeStamp;
  }
}

/** What a key without a Latin letter or sign is by its place. */
const PLACES: Record<string, [plain: string, shifted: string]> = { Slash: ['/', '?'] };

// The letter counts where it is Latin (Dvorak, AZERTY), else the place of the key: J and K, and Ctrl+K,
// work on an Arabic, a Persian or a Cyrillic keyboard.
export function keyName({ key, code, shiftKey }: Pick<KeyboardEvent, 'key' | 'code' | 'shiftKey'>): string {
  if (/^[\x21-\x7e]$/u.test(key)) return key.toLowerCase();
  if (key === '؟') return '?';
  const letter = /^Key([A-Z])$/u.exec(code)?.[1];
  if (letter && key.length === 1) return letter.toLowerCase();
  const place = key.length === 1 ? PLACES[code] : undefined;
  return place ? place[shiftKey ? 1 : 0] : key.toLowerCase();
}
