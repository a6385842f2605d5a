// Puts a text on the clipboard, also in an iframe that may not use the clipboard's own interface.

/** False when the browser allows neither way. */
export async function copyText(text: string, beside: HTMLElement): Promise<boolean> {
  // Asking for what a site's policy forbids would be a complaint in its console.
  const isFramed = window.parent !== window;
  if (isFramed && copySelected(text, beside)) return true;
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return !isFramed && copySelected(text, beside);
  }
}

// https://developer.mozilla.org/docs/Web/API/Document/execCommand : old, and all that is left there.
function copySelected(text: string, beside: HTMLElement): boolean {
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'visually-hidden';
  // Behind an open dialog nothing can be selected.
  beside.after(field);
  field.select();
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  } finally {
    field.remove();
    beside.focus();
  }
}
