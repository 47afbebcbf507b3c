// A device with an identity of its own, by npm's mqtt: it asks for its certificate with what the factory gave it, sends readings and health, renews the certificate, and
// wipes itself when it is told to. README.md says how it is used.
import fs from 'node:fs';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import mqtt from 'mqtt';
import { IdentityFolder, current, nextKey, previous, signingRequest } from './identity.mjs';

const usage = 'device: --to HOST:PORT --ca FILE --birth CERT --birth-key KEY --serial TEXT --data DIR [--interval SECONDS] [--renew-now]';
const [refusedCode, usageCode, goneCode] = [1, 2, 3];
const notAuthorized = 0x87;
const hour = 3_600_000;

class Refused extends Error {} // What the device shows does not let it do this.

let options;
try {
  const text = { type: 'string' };
  const all = { to: text, ca: text, birth: text, 'birth-key': text, serial: text, data: text, interval: { ...text, default: '10' }, 'renew-now': { type: 'boolean', default: false } };
  options = parseArgs({ options: all }).values;
  if (Object.keys(all).some((name) => options[name] === undefined) || !(options.interval >= 1)) throw new Error('something is missing');
  for (const name of ['ca', 'birth', 'birth-key']) fs.accessSync(options[name], fs.constants.R_OK);
} catch (reason) {
  console.error(`device: ${reason.message}\n${usage}`);
  process.exit(usageCode);
}
const folder = new IdentityFolder(options.data);
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stopping.abort());

let device = options.serial; // Its name in the cloud, once it has an identity.
let reading = null; // What is not acknowledged yet.
let renewNow = options['renew-now'];
const figures = { errors: 0, sent: 0 };

// Connects by a certificate and its key; Refused when it is not let in.
async function dial(name, cert, key) {
  const client = mqtt.connect(`mqtts://${options.to}`, {
    protocolVersion: 5, clientId: name, clean: true, keepalive: 30, reconnectPeriod: 0, connectTimeout: 15_000, ca: fs.readFileSync(options.ca), cert, key,
  });
  client.waiting = new Map(); // topic -> who waits for the next message there
  client.on('message', (topic, payload) => {
    const [at, take] = [...client.waiting].find(([prefix]) => topic.startsWith(prefix)) ?? [];
    if (take && client.waiting.delete(at)) take({ topic, payload: payload.toString() });
  });
  client.gone = new Promise((resolve) => client.once('close', resolve));
  await new Promise((resolve, reject) => {
    client.once('connect', resolve);
    client.once('error', (reason) => reject(reason.code === notAuthorized ? new Refused(`it is not let in: ${reason.message}`) : reason));
    client.once('close', () => reject(new Error(`${options.to} closed the connection`)));
  }).catch((reason) => {
    client.end(true);
    throw reason;
  });
  client.on('error', () => {}); // 'gone' tells.
  return client;
}

// Completes with the next message below the topic.
const next = (client, topic) => new Promise((resolve) => client.waiting.set(topic, resolve));

// Publishes and waits for the acknowledgement; Refused when this certificate does not let it.
async function publish(client, topic, value) {
  try {
    const lost = client.gone.then(() => { throw new Error('the connection was lost'); });
    await Promise.race([client.publishAsync(topic, JSON.stringify(value), { qos: 1 }), lost]);
  } catch (reason) {
    if (reason.code === undefined || reason.code < 128) throw reason;
    figures.errors++;
    if (reason.code === notAuthorized) throw new Refused(`${topic}: ${reason.message}`);
    console.error(`device: ${topic}: ${reason.message}`); // It will never be taken: not sent again.
  }
}

// Asks for a certificate over the connection that stands ('claim', or 'renew' by the one that it has), and takes it into use.
async function ask(client, what, name) {
  const topic = `provision/${what}`;
  await client.subscribeAsync(`${topic}/+`, { qos: 1 });
  const answered = next(client, `${topic}/`);
  const key = folder.nextKey();
  await publish(client, topic, { csr: signingRequest(key, name) });
  const answer = await Promise.race([answered, sleep(40_000, null, { ref: false }), client.gone]);
  if (!answer) throw new Error(`no answer on ${topic}`);
  const { certificate, chain = '', error } = JSON.parse(answer.payload);
  if (!certificate) throw new Refused(`no certificate was given to ${name}: ${error}`);
  folder.adopt(key, certificate, chain);
}

// What it may show, the newest first.
function* proofs(withBirth) {
  for (const file of [current, previous]) {
    const found = folder.identity(file);
    if (found) yield { name: found.device, cert: found.text, key: found.text };
  }
  if (withBirth) yield { name: options.serial, cert: fs.readFileSync(options.birth), key: fs.readFileSync(options['birth-key']) };
}

// Connects with what it has; enrols when it has nothing, or `anew` when what it has lets it do nothing.
async function comeIn(anew) {
  let refusal;
  for (const enrolling of anew ? [true] : [false, true]) {
    for (const { name, cert, key } of proofs(enrolling)) {
      try {
        const client = await dial(name, cert, key);
        device = name;
        if (!enrolling) return client;
        try {
          await ask(client, 'claim', name);
        } finally {
          await client.endAsync();
        }
        console.log('enrolled');
        return await comeIn(false);
      } catch (reason) {
        if (!(reason instanceof Refused)) throw reason;
        console.error(`device: ${reason.message}`);
        refusal = reason;
      }
    }
  }
  throw refusal;
}

// Sends and renews for as long as the connection stands and lets it. Gives the request when it is told to wipe itself.
async function serve(client) {
  const base = `devices/${device}`;
  const wiping = next(client, `${base}/commands/wipe/`);
  await client.subscribeAsync(`${base}/commands/wipe/+`, { qos: 1 });
  for (let tried = 0; !stopping.signal.aborted && client.connected; ) {
    reading ??= { ts: Date.now(), values: { load: os.loadavg()[0] } }; // Held until it is acknowledged; its time tells that it is the same when it comes twice.
    await publish(client, `${base}/telemetry`, reading);
    reading = null;
    figures.sent++;
    await publish(client, `${base}/health`, { uptime: Math.round(os.uptime()), firmware: '1.0.0', ...figures });
    const due = renewNow || Date.now() >= (folder.identity(current)?.renewAt ?? 0);
    if (due && Date.now() - tried >= hour) {
      [tried, renewNow] = [Date.now(), false];
      try {
        await ask(client, 'renew', device);
        console.log('renewed');
        return null; // And comes back, by what is new.
      } catch (reason) {
        console.error(`device: ${reason.message}`);
      }
    }
    const told = await Promise.race([wiping, client.gone, sleep(options.interval * 1000, null, { signal: stopping.signal }).catch(() => null)]);
    if (told) return told.topic.split('/').at(-1);
  }
  return null;
}

// Answers the request and removes keys and certificates. Marked first: a power cut in between only puts it off to the next start.
async function wipe(client, request, tries) {
  folder.replace('wiping', request);
  let told = false;
  for (; tries > 0 && !told && !stopping.signal.aborted; tries--) {
    try {
      client ??= await comeIn(false);
      await publish(client, `devices/${device}/commands/wipe/${request}/response`, { wiped: true, erased: [current, previous, nextKey] });
      told = true;
    } catch (reason) {
      client = null;
      if (reason instanceof Refused) break;
      await sleep(1000);
    }
  }
  client?.end(true);
  for (const file of [current, previous, nextKey]) folder.erase(file);
  folder.replace('wiped', request);
  folder.erase('wiping');
  console.error(`device: wiped (request ${request}, ${told ? 'told' : 'nobody was told'}); it must be provisioned anew`);
  process.exit(goneCode);
}

if (folder.read('wiped')) {
  console.error(`device: it was wiped (request ${folder.read('wiped')}); to provision it anew, remove ${options.data}/wiped`);
  process.exit(goneCode);
}
if (folder.read('wiping')) await wipe(null, folder.read('wiping'), 30);
for (let wait = 1, anew = false; !stopping.signal.aborted; ) {
  let client;
  try {
    client = await comeIn(anew);
    console.log(`connected as ${device}`);
    [wait, anew] = [1, false];
    const request = await serve(client);
    if (request) await wipe(client, request, 3);
  } catch (reason) {
    if (reason instanceof Refused && !client) process.exit(refusedCode); // It has said why.
    anew = reason instanceof Refused;
    console.error(`device: ${reason.message}`);
  }
  await client?.endAsync(true).catch(() => {});
  wait = Math.min(wait * 2, 60);
  if (!anew) await sleep(wait * 1000, null, { signal: stopping.signal }).catch(() => {});
}
