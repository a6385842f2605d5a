import type { App } from '../app.svelte';

export function isMac(): boolean {
  return /mac|iphone|ipad/iu.test(navigator.platform);
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/u.test(target.tagName));
}

/** Whether something lies open that keys belong to: a menu, a dialog. */
function isCovered(): boolean {
  return document.querySelector('[role="menu"], [role="dialog"], [role="alertdialog"], [role="listbox"]') !== null;
}

const KEYS: Record<string, (app: App) => void> = {
  j: (app) => app.move(1),
  k: (app) => app.move(-1),
  '/': () => document.getElementById('search')?.focus(),
  r: (app) => app.composer.setMode('reply'),
  n: (app) => app.composer.setMode('note'),
  i: (app) => app.view.toggleDetails(),
  c: (app) => {
    if (app.conversations.selected) app.view.overlay = 'handover';
  },
  '?': (app) => (app.view.overlay = 'shortcuts'),
  e: (app) => {
    const open = app.conversations.selected;
    if (open) void (open.status === 'resolved' ? app.reopen(open) : app.resolve(open));
  },
  a: (app) => {
    const open = app.conversations.selected;
    if (open && open.assignee?.id !== app.session.agentId) void app.take(open);
  },
};

/** Runs the verb of a key, unless the key is text that somebody writes. */
export function runShortcut(app: App, event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const command = event.metaKey || event.ctrlKey;
  if (command && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    app.view.overlay = app.view.overlay === 'palette' ? null : 'palette';
    return;
  }
  if (event.key === 'Escape' && isWriting(event.target)) {
    (event.target as HTMLElement).blur();
    return;
  }
  if (command || event.altKey || isWriting(event.target) || isCovered()) return;
  const run = KEYS[keyName(event)];
  if (!run) return;
  event.preventDefault();
  run(app);
}

// By the place of the key where its letter is not Latin, so that J and K work on an Arabic keyboard.
function keyName(event: KeyboardEvent): string {
  if (/^[\x21-\x7e]$/u.test(event.key)) return event.key.toLowerCase();
  return /^Key([A-Z])$/u.exec(event.code)?.[1]?.toLowerCase() ?? event.key;
}
