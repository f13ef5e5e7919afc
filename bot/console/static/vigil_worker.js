// The service worker of the watch: it shows notifications where pages may not themselves (Android), and leads a tap to
// the case. It stands between no page and the server, and keeps nothing.
"use strict";
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(lead(event.notification.data));
});

async function lead(id) {
  const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const desk = open.find((page) => new URL(page.url).pathname === "/") || open[0];
  if (!desk) return self.clients.openWindow(`/case/${id}`);
  desk.postMessage({ goTo: id });
  return desk.focus();
}
