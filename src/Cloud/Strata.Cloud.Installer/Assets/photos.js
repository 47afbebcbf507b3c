// A photo small enough to be sent from a cellar: at most 1,280 pixels and 600 KB.
const Largest = 1280, MaxBytes = 600 * 1024;

export async function shrink(file) {
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
