export function isMac(): boolean {
  return /mac|iphone|ipad/iu.test(navigator.platform);
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/u.test(target.tagName));
}

/** Whether a menu or a dialog is open: keys belong to it then. */
function isCovered(): boolean {
  return document.querySelector('[role="menu"], [role="dialog"], [role="alertdialog"], [role="listbox"]') !== null;
}

export interface Shortcuts {
  /** By the name of the key, in lower case: `j`, `/`, `?`. */
  keys: Record<string, () => void>;
  togglePalette: () => void;
}

/** Runs the command of a key, unless the agent is writing a text. */
export function runShortcut(event: KeyboardEvent, { keys, togglePalette }: Shortcuts): void {
  if (event.defaultPrevented || event.isComposing) return;
  const isCommand = event.metaKey || event.ctrlKey;
  if (isCommand && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    togglePalette();
    return;
  }
  if (event.key === 'Escape' && isWriting(event.target)) {
    (event.target as HTMLElement).blur();
    return;
  }
  if (isCommand || event.altKey || isWriting(event.target) || isCovered()) return;
  const run = keys[keyName(event)];
  if (!run) return;
  event.preventDefault();
  run();
}

// The place of the key counts where its letter is not Latin: J and K work on an Arabic keyboard.
function keyName(event: KeyboardEvent): string {
  if (/^[\x21-\x7e]$/u.test(event.key)) return event.key.toLowerCase();
  return /^Key([A-Z])$/u.exec(event.code)?.[1]?.toLowerCase() ?? event.key;
}
