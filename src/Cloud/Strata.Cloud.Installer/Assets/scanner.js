// QR codes by the camera or out of a photo: by the browser's own detector where it has one, else by the decoder that comes with the page.
import { decodeQR } from './vendor/qr/decode.js';

const Pause = 100; // ms between two looks
const Wide = 800; // pixels of a look
const canvas = document.createElement('canvas');
let detector;

async function detectorOrNull() {
  if (detector === undefined) {
    const has = 'BarcodeDetector' in window && (await BarcodeDetector.getSupportedFormats().catch(() => [])).includes('qr_code');
    detector = has ? new BarcodeDetector({ formats: ['qr_code'] }) : null;
  }
  return detector;
}

/** Text of a QR code in a picture; null when there is none. */
async function look(source, width, height, wide, time) {
  const own = await detectorOrNull();
  if (own) {
    const found = await own.detect(source).catch(() => []);
    return found[0]?.rawValue ?? null;
  }
  const scale = Math.min(1, wide / Math.max(width, height));
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  try {
    return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height), { timeLimit: time });
  } catch {
    return null; // No code in it, or none that can be read.
  }
}

export class Camera {
  #video;
  #stream = null;

  constructor(video) {
    this.#video = video;
  }

  /** Only pages served by HTTPS get one. */
  static get isThere() { return window.isSecureContext && !!navigator.mediaDevices?.getUserMedia; }

  get isOpen() { return this.#stream !== null; }

  /** @param found Called with each text that is seen, until it answers true. */
  async open(found) {
    if (this.#stream)
      return;
    const stream = this.#stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: { ideal: 'environment' }, width: { ideal: 1280 } } });
    this.#video.srcObject = stream;
    await this.#video.play();
    this.#watch(stream, found);
  }

  close() {
    this.#stream?.getTracks().forEach(t => t.stop());
    this.#stream = null;
    this.#video.srcObject = null;
  }

  async #watch(stream, found) {
    while (this.#stream === stream) {
      if (this.#video.videoWidth && !document.hidden) {
        const text = await look(this.#video, this.#video.videoWidth, this.#video.videoHeight, Wide, 60);
        if (text && this.#stream === stream && await found(text))
          return;
      }
      await new Promise(resolve => setTimeout(resolve, Pause));
    }
  }
}

/** Text of the QR code in a photo; null when none is found. */
export async function readPhoto(file) {
  const picture = await createImageBitmap(file);
  for (const wide of [1280, 800, 2400]) {
    const text = await look(picture, picture.width, picture.height, wide, 600);
    if (text)
      return text;
  }
  return null;
}
