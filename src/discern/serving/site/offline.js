// Keeps this site in the visitor's browser, so that it opens without a network after the first visit.
//
// Another export has other sums, so this file differs, and browsers take the new one in the place of the old.

const { version, files } = SITE;
const HOME = self.registration.scope;
const NAME = `discern ${HOME} ${version}`;
const OURS = new Map(Object.entries(files).map(([path, sum]) => [new URL(path, HOME).href, sum]));

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(tidy()));

self.addEventListener("fetch", (event) => {
  const page = event.request.mode === "navigate";
  const url = event.request.url.replace(/#.*$/, "");
  // Visitors come by links that have something behind the address, too.
  const ours = page ? url.replace(/\?.*$/, "").replace(/\/index\.html$/, "/") : url;
  if (event.request.method !== "GET" || !OURS.has(ours)) return;
  event.respondWith(caches.match(ours, { cacheName: NAME, ignoreVary: true }).then((kept) => kept ?? fetch(event.request)));
  if (page) event.waitUntil(leaveOthersAlone());
});

/** Take exactly what was exported: half of one export and half of another is refused, and taken at a later visit. */
async function keep() {
  const cache = await caches.open(NAME);
  await cache.addAll([...OURS].map(([url, integrity]) => new Request(url, { cache: "no-cache", integrity })));
  await self.skipWaiting();
}

async function tidy() {
  const older = (await caches.keys()).filter((name) => name.startsWith(`discern ${HOME} `) && name !== NAME);
  await Promise.all(older.map((name) => caches.delete(name)));
}

/** Where something else is at this address by now, go, and let the next visit have that. */
async function leaveOthersAlone() {
  const there = await fetch(HOME, { cache: "no-cache" }).catch(() => null);
  if (there?.ok && !(await there.text()).includes('name="discern-site"')) await self.registration.unregister();
}
