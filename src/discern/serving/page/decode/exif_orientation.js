// How a picture was held, as its EXIF block says it. Browsers turn pictures upright, but some of them not every kind.

// Two pixels beside each other, held so that they should come out one above the other.
const HELD = {
  PNG: "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAGmVYSWZNTQAqAAAACAABARIAAwAAAAEABgAAAAAAANZnS2kAAAAPSURBVHicY2BgYGBgYAAAAAcAAVchYhkAAAAASUVORK5CYII=",
  WEBP: "UklGRk4AAABXRUJQVlA4WAoAAAAIAAAAAQAAAAAAVlA4TA4AAAAvAQAAAAcQEf0PRET/A0VYSUYaAAAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAA=",
};
const asked = {};

/** Whether this browser turns pictures of a kind upright by itself. */
export function turnsItself(kind) {
  if (!(kind in HELD)) return true;
  return (asked[kind] ??= isTurned(HELD[kind]));
}

async function isTurned(held) {
  const bytes = Uint8Array.from(atob(held), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes]), { imageOrientation: "from-image" });
  return bitmap.height === 2;
}

/** How a picture was held: 1 to 8, where 1 is upright. */
export async function orientation(blob, kind) {
  const find = { JPEG: inJpeg, PNG: inPng, WEBP: inWebp }[kind];
  if (!find) return 1;
  const part = kind === "JPEG" ? blob.slice(0, 2 ** 18) : blob;
  const view = new DataView(await part.arrayBuffer());
  try {
    const start = find(view);
    const turn = start ? inDirectory(view, start) : 1;
    return turn >= 1 && turn <= 8 ? turn : 1;
  } catch (error) {
    // It ends too early, or what it says leads out of it.
    if (error instanceof RangeError) return 1;
    throw error;
  }
}

const EXIF = 0x45786966;

/** Where in a JPEG its EXIF directory begins, or 0; so for the other kinds. */
function inJpeg(view) {
  for (let at = 2; view.getUint8(at) === 0xff && view.getUint8(at + 1) !== 0xda; at += 2 + view.getUint16(at + 2)) {
    if (view.getUint8(at + 1) === 0xe1 && view.getUint32(at + 4) === EXIF) return at + 10;
  }
  return 0;
}

function inPng(view) {
  for (let at = 8; at + 8 <= view.byteLength; at += 12 + view.getUint32(at)) {
    if (view.getUint32(at + 4) === 0x65584966) return at + 8;
  }
  return 0;
}

function inWebp(view) {
  for (let at = 12, size; at + 8 <= view.byteLength; at += 8 + size + (size % 2)) {
    size = view.getUint32(at + 4, true);
    // Some write the mark that stands before the block in a JPEG.
    if (view.getUint32(at) === 0x45584946) return at + 8 + (view.getUint32(at + 8) === EXIF ? 6 : 0);
  }
  return 0;
}

function inDirectory(view, start) {
  const little = view.getUint16(start) === 0x4949;
  const directory = start + view.getUint32(start + 4, little);
  for (let entry = 0; entry < view.getUint16(directory, little); entry++) {
    const at = directory + 2 + 12 * entry;
    if (view.getUint16(at, little) === 0x0112) return view.getUint16(at + 8, little);
  }
  return 1;
}

/** Turn pixels of 4 channels upright. */
export function turned({ data, width, height }, turn) {
  const from = new Uint32Array(data.buffer, data.byteOffset, width * height);
  const made = new Uint32Array(from.length);
  const [wide, high] = turn > 4 ? [height, width] : [width, height];
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const [across, down] = turn > 4 ? [y, x] : [x, y];
      const column = [2, 3, 7, 8].includes(turn) ? width - 1 - across : across;
      const row = [3, 4, 6, 7].includes(turn) ? height - 1 - down : down;
      made[y * wide + x] = from[row * width + column];
    }
  }
  return { data: new Uint8ClampedArray(made.buffer), width: wide, height: high, channels: 4 };
}
