// The page's side of the service worker: registered when the agent wants to be told outside of the page.

let registered: Promise<ServiceWorkerRegistration> | undefined;

/** Registers the service worker, once; null where the browser has none. */
export async function registerServiceWorker(): Promise<ServiceWorkerRegistration | null> {
  if (!('serviceWorker' in navigator)) return null;
  registered ??= navigator.serviceWorker.register('/service-worker.js', { scope: '/', updateViaCache: 'none' });
  try {
    await registered;
    return await navigator.serviceWorker.ready;
  } catch {
    registered = undefined; // such as in a private window
    return null;
  }
}

/** Opens what a click on a notification leads to in this tab. */
export function followClicks(open: (hash: string) => void): void {
  if (!('serviceWorker' in navigator)) return;
  navigator.serviceWorker.addEventListener('message', (event: MessageEvent<unknown>) => {
    const data = event.data as { type?: string; url?: string } | null;
    if (data?.type === 'open' && typeof data.url === 'string') open(new URL(data.url, location.origin).hash);
  });
}
