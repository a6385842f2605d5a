// Copies a text to the clipboard, also where `navigator.clipboard` does not work: over plain http, and in
// an iframe whose page forbids it.

/**
 * Copies `text`. `beside` is the element that was pressed: it gets the focus back. It is needed in an
 * iframe and in an open dialog, outside of which nothing can be selected.
 *
 * Returns false when the browser allows neither way.
 */
export async function copyText(text: string, beside?: HTMLElement): Promise<boolean> {
  // A call that the site's policy forbids would leave an error in its console.
  const isFramed = window.parent !== window;
  if (isFramed && copySelected(text, beside)) return true;
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return !isFramed && copySelected(text, beside);
  }
}

// https://developer.mozilla.org/docs/Web/API/Document/execCommand : deprecated, and the only other way.
function copySelected(text: string, beside?: HTMLElement): boolean {
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'visually-hidden';
  if (beside) {
    beside.after(field);
  } else {
    // At the end of the page the field must not make the page scroll.
    field.style.position = 'fixed';
    document.body.append(field);
  }
  field.select();
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  } finally {
    field.remove();
    beside?.focus();
  }
}
