// The installer's page: a device's label, its place, its reading, and off it goes. What is done is put into the queue first, so that nothing is lost; the queue is sent at once, or later.
import { get, getAll, now } from './api.js';
import { $, say, show, showNetwork, showWhy } from './view.js';
import { readLabel } from './labels.js';
import { Outbox } from './outbox.js';
import { PlaceChoice, placeText } from './places.js';
import { PhotoField } from './photos.js';
import { LiveReadings, ageOf } from './readings.js';
import { Camera, readPhoto } from './scanner.js';

const StillSeen = 4000; // ms
const Needed = ['devices.read', 'devices.write', 'sites.read'];
const camera = new Camera($('video'));
const live = new LiveReadings($('live'), $('live-note'));
const places = new PlaceChoice($('levels'), showAction);
const queue = self.StrataQueue;
const photo = new PhotoField();
const outbox = new Outbox($('queue'), () => me);
let me = null; // Who uses the page, as the node said last.
let device = null; // {code, id, site, known}
let mounted = null; // {code, until}: the label just done, which the camera may see for a while longer.
let wantsCamera = false; // Opened once, it opens again for the next device.

// --- What is shown

function showAction() {
  show('action', !!device);
  $('mount').disabled = !device || !places.chosen;
  const moves = device?.site && places.chosen && device.site !== places.chosen && !places.chosen.startsWith(`${device.site}/`);
  $('mount').textContent = !places.chosen ? 'Choose the place' : `${moves ? 'Move it to' : 'Mount it in'} ${placeText(places.chosen)}`;
}

function showStep() {
  show('scan', !!me && (!device || camera.isOpen));
  show('place', !!me && !places.isEmpty);
  show('device', !!device);
  show('extra', !!device);
  $('camera-button').textContent = camera.isOpen ? 'Stop' : 'Scan a label';
  show('camera', camera.isOpen);
  showAction();
}

// --- Who, and which places

async function load() {
  try {
    me = await get('/api/v1/me');
    await queue.keep('me', me);
    const sites = await getAll('/api/v1/sites');
    await queue.keep(`sites ${me.tenant.id}`, sites);
    places.show(sites);
  } catch (problem) {
    if (!problem.offline && problem.status !== 401) {
      say(problem.detail ?? String(problem), 'bad');
    } else if (problem.status === 401) {
      me = null;
      $('sign-in-link').href = `/login?returnUrl=${encodeURIComponent(location.pathname + location.search)}`;
    } else if ((me = await queue.kept('me') ?? null)) {
      places.show(await queue.kept(`sites ${me.tenant.id}`) ?? []);
    } else {
      say('There is no connection, and this browser has not been signed in here before.', 'bad');
    }
  }
  show('sign-in', !me && navigator.onLine);
  $('who').textContent = me ? me.tenant.name : '';
  const missing = me ? Needed.filter(p => !me.permissions.includes(p)) : [];
  if (missing.length)
    say(`You may not mount devices here: your role does not hold ${missing.join(', ')}. Ask your administrator.`, 'bad');
  else if (me && places.isEmpty)
    say('There are no places that you may see. Ask your administrator to describe the building.', 'bad');
  showStep();
}

// --- A label

async function openCamera() {
  try {
    show('camera', true);
    await camera.open(seen);
    wantsCamera = true;
  } catch (failure) {
    camera.close();
    wantsCamera = false;
    say(failure.name === 'NotAllowedError' ? 'The camera was not allowed. Allow it in the browser\'s settings for this page, or take a photo of the label.' : `The camera does not open: ${failure.message}`, 'bad');
  }
  showStep();
}

/** True when no other code is waited for. */
async function seen(text) {
  if (mounted && mounted.code === text.trim() && Date.now() < mounted.until)
    return false;
  const label = readLabel(text);
  if (!label) {
    say('This code names neither a device nor a place.', 'bad');
    return false;
  }
  if (label.tenant && me && label.tenant !== me.tenant.id) {
    say(`This label is of ${label.tenant}; you are signed in to ${me.tenant.name}.`, 'bad');
    return false;
  }
  if (label.place) {
    const known = places.choose(label.place);
    say(known ? `Place: ${placeText(label.place)}` : `${placeText(label.place)} is none of your places.`, known ? 'good' : 'bad');
    if (!known || !device)
      return false; // Now the device.
  } else if (device?.code === text.trim()) {
    return false; // Still the same label, while a place is wanted.
  } else {
    await choose(text.trim(), label.device);
  }
  camera.close();
  showStep();
  return true;
}

async function choose(code, name) {
  navigator.vibrate?.(60);
  say('');
  live.stop();
  device = { code, id: name, site: null, known: false };
  $('device-name').textContent = name;
  $('device-facts').textContent = '';
  $('device-place').textContent = '';
  showStep();
  try {
    const found = await get(`/api/v1/labels?code=${encodeURIComponent(code)}`);
    if (device?.code !== code)
      return;
    device = { code, id: found.id, site: found.site, known: true };
    $('device-name').textContent = found.id;
    $('device-facts').textContent = [found.model, found.state, found.serial && found.serial !== found.id ? `serial ${found.serial}` : null, found.lastSeen ? `heard ${ageOf(now() - Date.parse(found.lastSeen))}` : null].filter(Boolean).join(' · ');
    $('device-place').textContent = found.site ? `It is in ${placeText(found.site)} now${found.mounting ? `, mounted by ${found.mounting.by} ${ageOf(now() - Date.parse(found.mounting.received))}` : ''}.` : 'It is in no place yet.';
    if (me.permissions.includes('readings.read'))
      live.start(found.id);
    else
      live.stop('Your role does not show readings.');
  } catch (problem) {
    if (problem.offline) {
      live.stop('No connection: no reading can be shown here.');
      $('device-facts').textContent = 'No connection: the device is looked up when this is sent.';
    } else {
      device = null;
      say(problem.status === 401 ? 'Your session has ended.' : problem.detail, 'bad');
      if (problem.status === 401)
        await load();
    }
  }
  showStep();
}

function clear() {
  device = null;
  live.stop();
  photo.set(null);
  $('note').value = '';
  $('code').value = '';
}

async function next() {
  clear();
  showStep();
  if (wantsCamera && Camera.isThere)
    await openCamera();
}

// --- Mounting

/** randomUUID is for pages served by HTTPS only. */
const newId = () => [...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, '0')).join('');

async function mount() {
  $('mount').disabled = true;
  const item = {
    id: newId(), tenant: me.tenant.id, code: device.code, device: device.id, site: places.chosen, replaces: device.site, note: $('note').value.trim(), photo: photo.blob, at: new Date(now()).toISOString(),
    state: 'waiting', detail: null, created: Date.now(),
  };
  const full = await queue.add(item).catch(failure => `This browser keeps nothing: ${failure.message} Leave private browsing, or make room.`);
  if (full) {
    say(full, 'bad');
    showAction();
    return;
  }
  navigator.storage?.persist?.();
  mounted = { code: item.code, until: Date.now() + StillSeen };
  clear();
  showStep();
  say(`${item.device}: kept, being sent.`);
  await outbox.send();
  const after = (await queue.all()).find(i => i.id === item.id);
  say(...{
    sent: [`${after?.device} is mounted in ${placeText(item.site)}.`, 'good'],
    conflict: [`${item.device} was placed by somebody else meanwhile: see below.`, 'bad'],
    refused: [`${item.device}: ${after?.detail}`, 'bad'],
  }[after?.state] ?? [`${item.device} waits here and is sent when there is a connection.`, '']);
  await next();
}

// --- Beginning

/** What a person has to decide is said at the top: the list may be far below. */
async function sayOpen() {
  const open = (await queue.all()).filter(i => i.state === 'conflict' || i.state === 'refused').length;
  if (open)
    say(`${open === 1 ? 'One device needs' : `${open} devices need`} your decision: see below.`, 'bad');
}

async function begin() {
  showNetwork();
  showWhy();
  if (navigator.serviceWorker) {
    navigator.serviceWorker.register('worker.js').catch(failure => say(`The page is not kept for dead spots: ${failure.message}`, 'bad'));
    navigator.serviceWorker.addEventListener('message', () => outbox.draw());
  }
  window.addEventListener('online', async () => {
    showNetwork();
    say('');
    await load();
    await outbox.send();
    await sayOpen();
  });
  window.addEventListener('offline', showNetwork);
  document.addEventListener('visibilitychange', () => { if (!document.hidden) outbox.send(); });
  setInterval(async () => { if ((await queue.all()).some(i => i.state === 'waiting')) await outbox.send(); }, 15000);
  $('camera-button').addEventListener('click', async () => { if (!camera.isOpen) { await openCamera(); } else { camera.close(); wantsCamera = false; showStep(); } });
  $('scan-place').addEventListener('click', async () => {
    if (!Camera.isThere) {
      $('label-photo').click();
      return;
    }
    await openCamera();
    $('scan').scrollIntoView({ block: 'start' });
  });
  $('code-form').addEventListener('submit', async event => {
    event.preventDefault();
    if ($('code').value.trim()) {
      mounted = null; // Typed is meant.
      await seen($('code').value);
    }
  });
  $('label-photo').addEventListener('change', async () => {
    const file = $('label-photo').files[0];
    $('label-photo').value = '';
    if (!file)
      return;
    say('Looking for the code.');
    const found = await readPhoto(file).catch(() => null);
    if (found)
      await seen(found);
    else
      say('No code was found in the photo. Take it nearer and sharper, or type what is printed below the code.', 'bad');
  });
  $('another').addEventListener('click', next);
  $('mount').addEventListener('click', mount);
  $('send').addEventListener('click', () => outbox.send());
  await load();
  await outbox.draw();
  const asked = new URLSearchParams(location.search);
  if (me && (asked.has('device') || asked.has('place'))) {
    const address = location.href;
    history.replaceState(null, '', '/install/');
    await seen(address);
  }
  await outbox.send();
  if (!device)
    await sayOpen();
}

begin();
