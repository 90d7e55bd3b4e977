// EXIF orientation. Browsers rotate pictures upright, but some of them not in every format.

/** @import { Format } from "./decode.js" */
/** @import { Pixels } from "./resample.js" */

// Two pixels side by side, with an orientation by which they should come out one above the other.
const PROBES = {
  PNG: "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAGmVYSWZNTQAqAAAACAABARIAAwAAAAEABgAAAAAAANZnS2kAAAAPSURBVHicY2BgYGBgYAAAAAcAAVchYhkAAAAASUVORK5CYII=",
  WEBP: "UklGRk4AAABXRUJQVlA4WAoAAAAIAAAAAQAAAAAAVlA4TA4AAAAvAQAAAAcQEf0PRET/A0VYSUYaAAAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAA=",
};
/** @type {Partial<Record<Format, Promise<boolean>>>} */
const results = {};

/** Find out whether this browser rotates pictures of a format by itself. @param {Format} format */
export async function browserRotates(format) {
  if (format !== "PNG" && format !== "WEBP") return true;
  return (results[format] ??= isRotated(PROBES[format]));
}

/** @param {string} probe */
async function isRotated(probe) {
  const bytes = Uint8Array.from(atob(probe), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes]), { imageOrientation: "from-image" });
  return bitmap.height === 2;
}

/** Read a picture's orientation: 1 to 8, where 1 is upright. @param {Blob} blob @param {Format} format */
export async function readOrientation(blob, format) {
  const find = format === "JPEG" ? findInJpeg : format === "PNG" ? findInPng : format === "WEBP" ? findInWebp : null;
  if (!find) return 1;
  const part = format === "JPEG" ? blob.slice(0, 2 ** 18) : blob;
  const view = new DataView(await part.arrayBuffer());
  try {
    const start = find(view);
    const orientation = start ? readTag(view, start) : 1;
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  } catch (error) {
    // The file is cut off, or an offset points outside of it.
    if (error instanceof RangeError) return 1;
    throw error;
  }
}

const EXIF = 0x45786966;

/** Find the start of a JPEG's EXIF directory, or 0; the other two do so for their formats. @param {DataView} view */
function findInJpeg(view) {
  for (let at = 2; view.getUint8(at) === 0xff && view.getUint8(at + 1) !== 0xda; at += 2 + view.getUint16(at + 2)) {
    if (view.getUint8(at + 1) === 0xe1 && view.getUint32(at + 4) === EXIF) return at + 10;
  }
  return 0;
}

/** @param {DataView} view */
function findInPng(view) {
  for (let at = 8; at + 8 <= view.byteLength; at += 12 + view.getUint32(at)) {
    if (view.getUint32(at + 4) === 0x65584966) return at + 8;
  }
  return 0;
}

/** @param {DataView} view */
function findInWebp(view) {
  for (let at = 12, size; at + 8 <= view.byteLength; at += 8 + size + (size % 2)) {
    size = view.getUint32(at + 4, true);
    // Some programs write the marker that precedes the directory in a JPEG.
    if (view.getUint32(at) === 0x45584946) return at + 8 + (view.getUint32(at + 8) === EXIF ? 6 : 0);
  }
  return 0;
}

/** @param {DataView} view @param {number} start */
function readTag(view, start) {
  const littleEndian = view.getUint16(start) === 0x4949;
  const directory = start + view.getUint32(start + 4, littleEndian);
  for (let entry = 0; entry < view.getUint16(directory, littleEndian); entry++) {
    const at = directory + 2 + 12 * entry;
    if (view.getUint16(at, littleEndian) === 0x0112) return view.getUint16(at + 8, littleEndian);
  }
  return 1;
}

/** Rotate pixels of 4 channels upright. @param {Omit<Pixels, "channels">} stored @param {number} orientation */
export function rotatePixels({ data, width, height }, orientation) {
  const from = new Uint32Array(data.buffer, data.byteOffset, width * height);
  const rotated = new Uint32Array(from.length);
  const transposed = orientation > 4;
  const [newWidth, newHeight] = transposed ? [height, width] : [width, height];
  for (let y = 0; y < newHeight; y++) {
    for (let x = 0; x < newWidth; x++) {
      const [across, down] = transposed ? [y, x] : [x, y];
      const column = [2, 3, 7, 8].includes(orientation) ? width - 1 - across : across;
      const row = [3, 4, 6, 7].includes(orientation) ? height - 1 - down : down;
      rotated[y * newWidth + x] = from[row * width + column];
    }
  }
  return { data: new Uint8ClampedArray(rotated.buffer), width: newWidth, height: newHeight, channels: 4 };
}
