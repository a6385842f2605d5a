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

export function hasRemoteImages(html: string): boolean {
  return html.includes('data-remote-src=');
}

/**
 * Builds the document. Pictures that the hub has stored are put in as data, because the frame cannot
 * load them; pictures of other servers only after the agent asked for them.
 */
export async function mailDocument(html: string, showRemote: boolean, load: (url: string) => Promise<string> = loadAsData): Promise<string> {
  const document = new DOMParser().parseFromString(html, 'text/html');
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
  return parts.join('');
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
