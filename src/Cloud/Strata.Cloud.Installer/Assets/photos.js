// A photo small enough to be sent from a cellar: at most 1,280 pixels and 600 KB.
import { $, say, show } from './view.js';

const Largest = 1280, MaxBytes = 600 * 1024;

async function shrink(file) {
  const picture = await createImageBitmap(file);
  for (const [size, quality] of [[Largest, .8], [Largest, .6], [1024, .5], [640, .5]]) {
    const scale = Math.min(1, size / Math.max(picture.width, picture.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise(resolve => canvas.toBlob(resolve, 'image/jpeg', quality));
    if (blob && blob.size <= MaxBytes)
      return blob;
  }
  throw new Error('The photo cannot be made small enough.');
}

/** The photo of the device before the installer: taken, shown, taken away. */
export class PhotoField {
  blob = null;

  constructor() {
    $('photo').addEventListener('change', async () => {
      if ($('photo').files[0])
        await shrink($('photo').files[0]).then(b => this.set(b), failure => say(failure.message, 'bad'));
    });
    $('no-photo').addEventListener('click', () => this.set(null));
  }

  set(blob) {
    this.blob = blob;
    if ($('photo-shown').src)
      URL.revokeObjectURL($('photo-shown').src);
    $('photo-shown').removeAttribute('src');
    if (blob)
      $('photo-shown').src = URL.createObjectURL(blob);
    show('photo-shown', !!blob);
    show('no-photo', !!blob);
    $('photo-text').textContent = blob ? 'Another photo' : 'Add a photo';
    $('photo').value = '';
  }
}
