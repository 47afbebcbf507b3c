// Subscribes, publishes to itself at QoS 0 and 1, prints what came, ends.
import mqtt from 'mqtt';

const [port, version] = process.argv.slice(2).map(Number);
const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, {
  protocolVersion: version, clientId: 'npm', username: 'u', password: 'p', reconnectPeriod: 0,
});
const seen = [];
const done = new Promise((resolve) => client.on('message', (topic, payload, packet) => {
  seen.push([topic, payload.toString(), packet.qos, packet.properties?.userProperties?.k ?? null]);
  if (seen.length === 3) resolve();
}));
const granted = await client.subscribeAsync({ 'npm/+': { qos: 1 }, 'zero': { qos: 0 } });
const properties = version === 5 ? { userProperties: { k: 'v' } } : undefined;
await client.publishAsync('npm/a', 'one', { qos: 1, properties });
await client.publishAsync('npm/b', 'two', { qos: 0, properties });
await client.publishAsync('zero', 'three', { qos: 1, properties });
await done;
await client.endAsync();
console.log(JSON.stringify({ granted: granted.map((g) => g.qos), seen }));
