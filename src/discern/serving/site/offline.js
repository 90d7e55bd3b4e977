// Service worker that keeps this site in the visitor's browser, so that it opens without a network after the first visit.
//
// Another export has other hashes, so this file differs, and browsers replace the old one by it.

const { version, files } = SITE;
const scope = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const HOME = scope.registration.scope;
const CACHE = `discern ${HOME} ${version}`;
const HASHES = new Map(Object.entries(files).map(([path, hash]) => [new URL(path, HOME).href, hash]));

scope.addEventListener("install", (event) => event.waitUntil(precache()));
scope.addEventListener("activate", (event) => event.waitUntil(deleteOldCaches()));

scope.addEventListener("fetch", (event) => {
  const isPage = event.request.mode === "navigate";
  const requested = event.request.url.replace(/#.*$/, "");
  // Visitors also come by links with a query or a file name behind the address.
  const url = isPage ? requested.replace(/\?.*$/, "").replace(/\/index\.html$/, "/") : requested;
  if (event.request.method !== "GET" || !HASHES.has(url)) return;
  const cached = caches.match(url, { cacheName: CACHE, ignoreVary: true });
  event.respondWith(cached.then((response) => response ?? fetch(event.request)));
  if (isPage) event.waitUntil(unregisterIfReplaced());
});

/** Cache exactly what was exported: a mix of two exports is refused, and tried again at a later visit. */
async function precache() {
  const cache = await caches.open(CACHE);
  await cache.addAll([...HASHES].map(([url, integrity]) => new Request(url, { cache: "no-cache", integrity })));
  await scope.skipWaiting();
}

async function deleteOldCaches() {
  const old = (await caches.keys()).filter((name) => name.startsWith(`discern ${HOME} `) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

/** Unregister where something else is at this address by now, so that the next visit gets that. */
async function unregisterIfReplaced() {
  const response = await fetch(HOME, { cache: "no-cache" }).catch(() => null);
  if (response?.ok && !(await response.text()).includes('name="discern-site"')) await scope.registration.unregister();
}
