// Two organisations at once: devices with one client id, one name and one topic in both, and an application of each that asks for everything. Prints what each application heard.
import mqtt from 'mqtt';

const [port, version, ...given] = process.argv.slice(2);
const tenants = given.map((text) => JSON.parse(text)); // {tenant, device, secret, token}
const closed = [];
const connect = async (name, clientId, username, password) => {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, {
    protocolVersion: Number(version), clientId, username, password, reconnectPeriod: 0, clean: true,
  });
  client.on('close', () => closed.push(name));
  return client;
};

const heard = {};
const apps = [];
const devices = [];
for (const { tenant, device, secret, token } of tenants) {
  const app = await connect(`app of ${tenant}`, 'app', 'app', token);
  heard[tenant] = [];
  app.on('message', (topic, payload) => heard[tenant].push([topic, payload.toString()]));
  await app.subscribeAsync('#', { qos: 1 });
  apps.push(app);
  devices.push(await connect(`device of ${tenant}`, 'same', `${tenant}/${device}`, secret));
}
const taken = [...closed];
for (const note of ['first', 'last']) {
  for (const [i, { tenant, device }] of tenants.entries()) {
    await devices[i].publishAsync(`devices/${device}/telemetry`, JSON.stringify({ [note]: `of ${tenant}` }), { qos: 1 });
    await devices[i].publishAsync(`devices/${device}/note`, `${note} of ${tenant}`, { qos: 1, retain: true });
  }
}
const deadline = Date.now() + 15000;
while (Object.values(heard).some((h) => !h.some(([, payload]) => payload.startsWith('last'))) && Date.now() < deadline) {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
// A device of the one does not get in with the secret of the other.
let strange = 'let in';
try {
  await connect('stranger', 'same', `${tenants[0].tenant}/${tenants[0].device}`, tenants[1].secret);
} catch (e) {
  strange = 'refused';
}
for (const client of [...devices, ...apps]) await client.endAsync();
console.log(JSON.stringify({ taken, heard, strange }));
