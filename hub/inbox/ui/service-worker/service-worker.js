// The service worker: shows pushes while the page is closed, and keeps one whole build of the page for when there is
// no network. dev/service-worker.mjs writes the build's files and the words in place of the two names below.
/* global BUILD, WORDS */
const { version, files } = BUILD;
const CACHE = `hub-shell-${version}`;
const SHELL = '/';
const ICON = '/icons/192.png';
/** Workers have no `navigator.vendor`; every browser but these names another engine or product, too. */
const IS_APPLE = /AppleWebKit/.test(navigator.userAgent) && !/Chrom|Edg|Android/.test(navigator.userAgent);
const BADGE = '/icons/badge.png';

// -- the page without a network -------------------------------------------------------------------

// All files of the build or none: a kept page asks for no file that is not kept with it.
self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([SHELL, ...files].map((file) => new Request(file, { cache: 'reload' })))));
});

// Without skipWaiting the former worker, and the files of its build, stay until its last page is closed.
self.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name.startsWith('hub-shell-') && name !== CACHE) await caches.delete(name);
      await self.clients.claim();
    })(),
  );
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  // The page itself comes from the hub whenever there is one, so an upgrade is never hidden.
  if (request.mode === 'navigate' && url.pathname === SHELL) event.respondWith(fetch(request).catch(() => kept(SHELL)));
  else if (files.includes(url.pathname)) event.respondWith(kept(url.pathname).then((response) => (response.ok ? response : fetch(request))));
});

async function kept(path) {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? Response.error();
}

// -- pushes ----------------------------------------------------------------------------------------

self.addEventListener('push', (event) => {
  const push = event.data?.json() ?? {};
  event.waitUntil(push.type === 'clear' ? withdraw(push) : tell(push));
});

const tagOf = (push) => (push.type === 'test' ? 'test' : `conversation-${push.conversation_id}`);

async function tell(push) {
  // The page in front tells it by itself. Apple takes pushes away from a page that shows nothing for one.
  if (push.type !== 'test' && !IS_APPLE && (await isPageInFront())) return;
  const language = push.language in WORDS ? push.language : 'en';
  const address = push.message_id ? `#/conversations/${push.conversation_id}?message=${push.message_id}` : `#/conversations/${push.conversation_id}`;
  await self.registration.showNotification(titleOf(push, WORDS[language]), {
    body: bodyOf(push, WORDS[language]),
    tag: tagOf(push),
    renotify: !push.silent,
    silent: push.silent === true,
    icon: ICON,
    badge: BADGE,
    lang: language,
    dir: 'auto',
    data: { url: push.type === 'test' ? '/#/notifications' : `/${address}` },
  });
}

async function withdraw(push) {
  for (const notification of await self.registration.getNotifications({ tag: tagOf(push) })) notification.close();
}

async function isPageInFront() {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  return pages.some((page) => page.visibilityState === 'visible' && new URL(page.url).pathname === SHELL);
}

function titleOf(push, words) {
  if (push.type === 'test') return words.told_test;
  const template = { assigned: words.told_assigned, mention: words.told_mention, sla: words.told_sla }[push.kind];
  // By functions, for a name may hold what `replace` takes for a pattern.
  return template ? template.replace('{author}', () => push.author).replace('{name}', () => push.name) : push.name;
}

function bodyOf(push, words) {
  if (push.type === 'test') return words.told_test_body;
  if (push.kind === 'sla') return words[`told_${push.clock}`] ?? '';
  return push.hide_text ? words.told_hidden : push.text;
}

// An open page shows the conversation; a new one is opened only where there is none.
self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(new URL(event.notification.data?.url ?? '/', self.location.origin).href));
});

async function open(url) {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const page = pages.find((each) => new URL(each.url).pathname === SHELL);
  if (!page) return self.clients.openWindow(url);
  page.postMessage({ type: 'open', url });
  return page.focus();
}
