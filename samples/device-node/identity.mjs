// A device's keys and certificates, in a folder of its own. The key is made here and never leaves. What is in use is one file with key and certificate together,
// replaced in one step (rename) after the one before was kept: whatever moment the power goes, there is one that works.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

export const [current, previous, nextKey] = ['current.pem', 'previous.pem', 'next.key.pem'];

export class IdentityFolder {
  constructor(folder) {
    this.folder = folder;
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  // Null when there is no such file.
  read(name) {
    const file = path.join(this.folder, name);
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : null;
  }

  // Puts a file in the place of the old one, 0600, whole or not at all.
  replace(name, content) {
    const next = path.join(this.folder, `${name}.next`);
    const file = fs.openSync(next, 'w', 0o600);
    fs.writeSync(file, content);
    fs.fsyncSync(file);
    fs.closeSync(file);
    fs.renameSync(next, path.join(this.folder, name));
    this.#sync();
  }

  // Overwrites a file and removes it.
  erase(name) {
    const file = path.join(this.folder, name);
    if (!fs.existsSync(file)) return;
    const open = fs.openSync(file, 'r+');
    fs.writeSync(open, Buffer.alloc(fs.fstatSync(open).size), 0);
    fs.fsyncSync(open);
    fs.closeSync(open);
    fs.unlinkSync(file);
    this.#sync();
  }

  // The key that is to be certified next; made, and kept, when there is none. One that was asked for before the power went is asked for again.
  nextKey() {
    try {
      return crypto.createPrivateKey(this.read(nextKey));
    } catch {
      const { privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
      this.replace(nextKey, pem(privateKey));
      return privateKey;
    }
  }

  // Takes what was certified into use.
  adopt(key, certificate, chain) {
    const text = pem(key) + certificate + chain;
    if (!parse(text)) throw new Error('the certificate is not of the key that was asked for, or names no device');
    if (this.identity(current)) this.replace(previous, this.read(current)); // What is damaged must not take the place of what works.
    this.replace(current, text);
    this.erase(nextKey);
  }

  // Whose identity a file is, and from when on the next is asked for: two thirds of its life after it was taken into use, by this device's own clock. Null when it is not whole.
  identity(name) {
    const found = parse(this.read(name));
    return found && { ...found, renewAt: fs.statSync(path.join(this.folder, name)).mtimeMs + (found.life / 3) * 2 };
  }

  // A rename or a removal is on the disk when its folder is.
  #sync() {
    const folder = fs.openSync(this.folder, 'r');
    fs.fsyncSync(folder);
    fs.closeSync(folder);
  }
}

// A certificate signing request (PKCS #10, PEM) by which the device of this name asks; node:crypto has none, and it is short.
export function signingRequest(key, name) {
  const commonName = der(0x30, der(0x06, Buffer.from('550403', 'hex')), der(0x0c, Buffer.from(name)));
  const publicKey = crypto.createPublicKey(key).export({ type: 'spki', format: 'der' });
  const asked = der(0x30, Buffer.from('020100', 'hex'), der(0x30, der(0x31, commonName)), publicKey, der(0xa0));
  const ecdsaWithSha256 = der(0x30, der(0x06, Buffer.from('2a8648ce3d040302', 'hex')));
  const request = der(0x30, asked, ecdsaWithSha256, der(0x03, Buffer.from([0]), crypto.sign('sha256', asked, key)));
  return `-----BEGIN CERTIFICATE REQUEST-----\n${request.toString('base64').match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE REQUEST-----\n`;
}

function der(tag, ...parts) {
  const content = Buffer.concat(parts);
  const length = content.length < 128 ? [content.length] : content.length < 256 ? [0x81, content.length] : [0x82, content.length >> 8, content.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

const pem = (key) => key.export({ type: 'pkcs8', format: 'pem' });

function parse(text) {
  try {
    const certificate = new crypto.X509Certificate(text.slice(text.indexOf('-----BEGIN CERTIFICATE')));
    const device = /URI:urn:strata:device:[^/,]+\/([^,]+)/.exec(certificate.subjectAltName)?.[1];
    if (!device || !certificate.checkPrivateKey(crypto.createPrivateKey(text))) return null;
    return { device, text, life: Date.parse(certificate.validTo) - Date.parse(certificate.validFrom) };
  } catch {
    return null; // Cut short, or not there.
  }
}
