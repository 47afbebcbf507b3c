// What every part of the page shows things with.
import { Camera } from './scanner.js';

export const $ = id => document.getElementById(id);

export function show(id, visible) { $(id).hidden = !visible; }

/** What has just happened; nothing takes it away. */
export function say(text, kind = '') {
  $('message').textContent = text ?? '';
  $('message').className = `message ${kind}`;
  show('message', !!text);
}

export function showNetwork() {
  $('network').textContent = navigator.onLine ? 'online' : 'no connection';
  $('network').classList.toggle('off', !navigator.onLine);
}

/** What this browser, or the way the page was opened, leaves out, and why. */
export function showWhy() {
  const reasons = [];
  if (!window.isSecureContext) {
    reasons.push(`This page was opened by ${location.protocol.slice(0, -1)}, and browsers give the camera, and work without a connection, to pages served by HTTPS only. Take a photo of the label or type its code; or open the node's https address.`);
  } else if (!Camera.isThere) {
    reasons.push('This browser gives no camera to pages. Take a photo of the label, or type its code.');
  } else if (!navigator.serviceWorker) {
    reasons.push('This browser does not keep pages: without a connection, this one does not open again.');
  }
  $('why').textContent = reasons.join(' ');
  show('why', reasons.length > 0);
  show('camera-button', Camera.isThere);
}
