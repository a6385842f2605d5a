// The page's side of the service worker: registered when the agent wants to be told outside of the page.

let registered: Promise<ServiceWorkerRegistration> | undefined;

/** Registers the service worker, once; null where the browser has none. */
export async function registerServiceWorker(): Promise<ServiceWorkerRegistration | null> {
  if (!('serviceWorker' in navigator)) return null;
  registered ??= navigator.serviceWorker.register('/service-worker.js', { scope: '/', updateViaCache: 'none' });
  try {
    await registered;
    // A worker that never gets ready (a browser that blocks it) must stop nothing, not a sign-out either.
    return await Promise.race([navigator.serviceWorker.ready, noneAfter(READY_WITHIN_MS)]);
  } catch {
    registered = undefined; // such as in a private window
    return null;
  }
}

const READY_WITHIN_MS = 3_000;

function noneAfter(milliseconds: number): Promise<null> {
  return new Promise((resolve) => setTimeout(() => resolve(null), milliseconds));
}

/** Opens what a click on a notification leads to in this tab. */
export function followClicks(open: (hash: string) => void): void {
  if (!('serviceWorker' in navigator)) return;
  navigator.serviceWorker.addEventListener('message', (event: MessageEvent<unknown>) => {
    const data = event.data as { type?: string; url?: string } | null;
    if (data?.type === 'open' && typeof data.url === 'string') open(new URL(data.url, location.origin).hash);
  });
}
