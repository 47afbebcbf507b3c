// Keeps the page for dead spots, and sends what waits when the browser says that there is a connection again.
'use strict';
importScripts('queue.js');
const Cache = 'strata-install-VERSION-OF-THE-PAGE';
const Page = '/install/';
const Files = [Page, ...'FILES-OF-THE-PAGE'.split(' ').map(f => Page + f)];

self.addEventListener('install', event => event.waitUntil((async () => {
  const cache = await caches.open(Cache);
  await cache.addAll(Files.map(f => new Request(f, { cache: 'reload' })));
  await self.skipWaiting();
})()));

self.addEventListener('activate', event => event.waitUntil((async () => {
  for (const name of await caches.keys()) {
    if (name.startsWith('strata-install-') && name !== Cache)
      await caches.delete(name);
  }
  await self.clients.claim();
})()));

// The page of this version, whatever the network does; what the page asks of the API is never kept here.
self.addEventListener('fetch', event => {
  const address = new URL(event.request.url);
  if (event.request.method !== 'GET' || address.origin !== self.location.origin || !address.pathname.startsWith(Page))
    return;
  event.respondWith((async () => {
    const cache = await caches.open(Cache);
    const kept = await cache.match(event.request.mode === 'navigate' ? Page : address.pathname);
    return kept ?? fetch(event.request);
  })());
});

self.addEventListener('sync', event => {
  if (event.tag === 'mountings')
    event.waitUntil((async () => {
      await StrataQueue.send(async () => (await self.clients.matchAll()).forEach(c => c.postMessage('changed')));
      if ((await StrataQueue.all()).some(i => i.state === 'waiting'))
        throw new Error('Not everything could be sent.'); // Then the browser asks again.
    })());
});
