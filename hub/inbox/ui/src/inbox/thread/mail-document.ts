// The document for a mail's frame. The HTML was sanitised by the server; the frame has no scripts
// and no origin of its own, so it can neither run anything nor send our cookies along.

const ATTACHMENTS = '/api/v1/attachments/';

const STYLE = `
  :root { color-scheme: light; }
  body { margin: 12px; font: 14px/1.5 system-ui, sans-serif; color: #15171c; background: #fff; overflow-wrap: anywhere; }
  img { max-width: 100%; height: auto; }
  img[data-remote-src]:not([src]) { display: inline-block; min-width: 24px; min-height: 24px; border: 1px dashed #c9cbd3; border-radius: 4px; }
  table { max-width: 100%; }
`;

/** Margins of the body, in px. */
const MARGINS = 24;
/** No mail is laid out wider than this: a wider one is broken, or a joke. */
const MAX_WIDTH = 1200;
/** A picture of at most this many pixels across shows nothing: it tells its sender that the mail was opened. */
const TRACKER_SIDE = 2;

export interface MailDocument {
  /** The page, for `srcdoc`. */
  source: string;
  /** The width for which the mail was made, in px; 0 where it takes the width it is given. */
  width: number;
  /** Whether pictures of other servers are left out. */
  hasBlockedImages: boolean;
}

/** Whether a mail is laid out like a page, so that its words alone say less than it shows. */
export function isLaidOut(html: string): boolean {
  return /<table\b/u.test(html) && /\bbgcolor="|background-color:/u.test(html);
}

/**
 * Builds the document. Pictures that the hub has stored are put in as data, because the frame cannot
 * load them; pictures of other servers only after the agent asked for them.
 */
export async function mailDocument(html: string, showRemote: boolean, load: (url: string) => Promise<string> = loadAsData): Promise<MailDocument> {
  const document = new DOMParser().parseFromString(html, 'text/html');
  for (const image of document.querySelectorAll('img')) if (isTracker(image)) image.remove();
  for (const part of document.querySelectorAll<HTMLElement>('div[bgcolor]')) {
    // The colour of a page's body, which a browser knows of no other element.
    part.style.backgroundColor ||= part.getAttribute('bgcolor') ?? '';
  }
  const images = [...document.querySelectorAll('img')];
  await Promise.all(
    images.map(async (image) => {
      const source = image.getAttribute('src') ?? '';
      const remote = image.getAttribute('data-remote-src');
      if (source.startsWith(ATTACHMENTS)) image.setAttribute('src', await load(source));
      else if (remote && showRemote) image.setAttribute('src', remote);
    }),
  );
  const parts = ['<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><base target="_blank">'];
  parts.push(`<style>${STYLE}</style>`, document.body.innerHTML);
  return {
    source: parts.join(''),
    width: layoutWidth(document),
    hasBlockedImages: !showRemote && images.some((image) => image.hasAttribute('data-remote-src')),
  };
}

/** A length in px: of an attribute, or of a style. Null where it is none, or a share of what there is. */
function pixels(length: string | null): number | null {
  const match = /^\s*(\d{1,5}(?:\.\d+)?)\s*(?:px)?\s*$/u.exec(length ?? '');
  return match ? Number(match[1]) : null;
}

function isTracker(image: HTMLImageElement): boolean {
  const sides = [image.getAttribute('width'), image.getAttribute('height'), image.style.width, image.style.height];
  return sides.some((side) => (pixels(side) ?? Infinity) <= TRACKER_SIDE);
}

/** The largest width that an element of the mail asks for, with the margins around it. */
function layoutWidth(document: Document): number {
  let widest = 0;
  for (const element of document.querySelectorAll<HTMLElement>('table, td, th, div, img')) {
    // A picture that fits is made smaller by itself; a maximum is no wish.
    if (element.tagName === 'IMG' && !element.closest('table')) continue;
    widest = Math.max(widest, pixels(element.getAttribute('width')) ?? 0, pixels(element.style.width) ?? 0);
  }
  return widest > 0 ? Math.min(widest + MARGINS, MAX_WIDTH) : 0;
}

async function loadAsData(url: string): Promise<string> {
  const response = await fetch(url, { credentials: 'same-origin' });
  if (!response.ok) return '';
  const blob = await response.blob();
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error('not readable'));
    reader.readAsDataURL(blob);
  });
}
