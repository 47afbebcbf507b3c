// What was mounted and is not sent yet, in the browser's own database: it outlives a reload and a dead spot. Used by the page and by its worker, so it is no module.
'use strict';
(() => {
  const MaxItems = 200, MaxBytes = 20 * 1024 * 1024, KeepSent = 20;
  const done = request => new Promise((resolve, reject) => { request.onsuccess = () => resolve(request.result); request.onerror = () => reject(request.error); });
  let opened;

  const open = () => opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open('strata-install', 1);
    request.onupgradeneeded = () => { request.result.createObjectStore('mountings', { keyPath: 'id' }); request.result.createObjectStore('kept'); };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const store = async (name, mode) => (await open()).transaction(name, mode).objectStore(name);
  const kept = async key => done((await store('kept', 'readonly')).get(key));
  const keep = async (key, value) => done((await store('kept', 'readwrite')).put(value, key));
  const all = async () => (await done((await store('mountings', 'readonly')).getAll())).sort((a, b) => a.created - b.created);
  const put = async item => done((await store('mountings', 'readwrite')).put(item));
  const remove = async id => done((await store('mountings', 'readwrite')).delete(id));
  const sizeOf = item => (item.photo?.size ?? 0) + (item.note?.length ?? 0) * 2 + 500;

  /** Adds one; null when it is kept, else why not. */
  async function add(item) {
    const waiting = (await all()).filter(i => i.state !== 'sent');
    if (waiting.length >= MaxItems)
      return `${MaxItems} wait here already, which is all there may be. Go where there is a connection and send them.`;
    if (waiting.reduce((sum, i) => sum + sizeOf(i), sizeOf(item)) > MaxBytes)
      return 'What waits here would take more than 20 MB. Leave the photo away, or send first where there is a connection.';
    await put(item);
    return null;
  }

  const base64 = blob => new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });

  /** Sends one; false when there is no use in sending another now. */
  async function sendOne(item, tenant) {
    const headers = { 'Content-Type': 'application/json', 'Strata-Tenant': tenant };
    const body = JSON.stringify({
      id: item.id, code: item.code, site: item.site, replaces: item.replaces ?? undefined, note: item.note || undefined, at: item.at, photo: item.photo ? await base64(item.photo) : undefined,
    });
    const answer = await fetch('/api/v1/mountings', { method: 'POST', headers, body });
    if (answer.ok) {
      const mounted = await answer.json();
      await put({ ...item, state: 'sent', device: mounted.device, photo: null, hadPhoto: mounted.photoBytes > 0, detail: null, sent: Date.now() });
      return true;
    }
    if (answer.status === 401 || answer.status === 429 || answer.status >= 500)
      return false;
    const problem = await answer.json().catch(() => ({}));
    let there = null;
    if (answer.status === 409 && problem.field === 'site') {
      const label = await fetch(`/api/v1/labels?code=${encodeURIComponent(item.code)}`, { headers: { 'Strata-Tenant': tenant } });
      there = label.ok ? await label.json() : null;
    }
    await put({ ...item, state: there ? 'conflict' : 'refused', device: there?.id ?? item.device, there, detail: problem.detail ?? `The node answered ${answer.status}.` });
    return true;
  }

  async function sendAll(changed) {
    const answer = await fetch('/api/v1/me');
    if (!answer.ok)
      return;
    const tenant = (await answer.json()).tenant.id;
    for (const item of (await all()).filter(i => i.state === 'waiting' && i.tenant === tenant)) {
      if (!await sendOne(item, tenant))
        return;
      changed?.();
    }
    for (const old of (await all()).filter(i => i.state === 'sent').slice(0, -KeepSent))
      await remove(old.id);
  }

  let sending = null, again = false;
  /** Sends what waits, one after the other; without a connection they go on waiting. Twice at the same time is once, and the node takes the same one once. */
  async function send(changed) {
    if (sending) {
      again = true;
      return sending;
    }
    const run = async () => {
      do {
        again = false;
        try {
          await sendAll(changed);
        } catch (failure) {
          if (!(failure instanceof TypeError))
            throw failure; // A TypeError is what fetch says of a network that is not there.
        }
      } while (again);
    };
    sending = (self.navigator.locks ? self.navigator.locks.request('strata-mountings', run) : run()).finally(() => { sending = null; changed?.(); });
    return sending;
  }

  self.StrataQueue = { add, all, put, remove, send, kept, keep, MaxItems, MaxBytes };
})();
