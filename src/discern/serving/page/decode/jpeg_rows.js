// JPEGs whose data ends early: how much is missing, as discern.picture finds it out.
//
// Decoders fill in what is missing. What was coded is found by decoding the file with different bytes behind its data:
// the results agree up to the place where the data ends.

import { codedUnit, segmentBytes } from "./jpeg_structure.js";
import { PictureError, RETRIEVE } from "./picture_error.js";

/** @import { JpegStructure } from "./jpeg_structure.js" */
/** @typedef {(file: Blob) => Promise<ImageBitmap>} Decoder decodes the stored pixels, without a rotation. */

const FEW = 1 / 16;
const SPARE = 4;
const GREY = 128;
const BAND_ROWS = 256;
const END_MARKER = Uint8Array.of(0xff, 0xd9);
const TAILS = [1, 2].map((seed) => Uint8Array.from({ length: 64 }, (_, index) => ((seed * 37 + index * index * 11) % 253) + 1));

/** Return a JPEG with its end marker, without the bytes behind its picture. @param {Uint8Array<ArrayBuffer>} bytes @param {JpegStructure} jpeg */
export function completeJpeg(bytes, jpeg) {
  return new Blob([codedData(bytes, jpeg), END_MARKER]);
}

/** @param {Uint8Array<ArrayBuffer>} bytes @param {JpegStructure} jpeg */
function codedData(bytes, jpeg) {
  return trimEnd(bytes.subarray(0, jpeg.dataEnd), 0xff);
}

/** @param {Uint8Array<ArrayBuffer>} bytes @param {number} value */
function trimEnd(bytes, value) {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === value) end--;
  return bytes.subarray(0, end);
}

/**
 * Check whether a corner of a decoded JPEG has the colour that decoders fill in for missing data.
 *
 * @param {ImageBitmap} bitmap
 */
export function endsInGrey(bitmap) {
  const side = Math.min(8, bitmap.width, bitmap.height);
  const corners = [0, bitmap.width - side].flatMap((x) => [0, bitmap.height - side].map((y) => [x, y]));
  return corners.some(([x, y]) => {
    const { data } = readPart(bitmap, x, y, side, side);
    const isGrey = (/** @type {number} */ pixel) => [0, 1, 2].every((channel) => data[4 * pixel + channel] === GREY);
    const steps = Array.from({ length: side }, (_, index) => index);
    const [row, column] = [y ? side - 1 : 0, x ? side - 1 : 0];
    return steps.every((index) => isGrey(row * side + index)) || steps.every((index) => isGrey(index * side + column));
  });
}

/**
 * Check that few rows of a JPEG are missing at its end.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {JpegStructure} jpeg
 * @param {Decoder} decode
 * @throws {PictureError} if more than a sixteenth of the picture is missing.
 */
export async function requireRows(bytes, jpeg, decode) {
  const { rows, share } = await measure(bytes, jpeg, decode);
  if (share <= FEW) return;
  const found = `${rows} of ${jpeg.height} rows${jpeg.buffered ? " of its last scan" : ""}`;
  if (jpeg.hasEnd || bytes.subarray(jpeg.dataEnd).every((byte) => byte === 0)) {
    throw new PictureError("truncated", `This JPEG ends after ${found}.`, RETRIEVE);
  }
  throw new PictureError("damaged", `This JPEG breaks off after ${found} and continues with other data.`, RETRIEVE);
}

/** @param {Uint8Array<ArrayBuffer>} bytes @param {JpegStructure} jpeg @param {Decoder} decode */
async function measure(bytes, jpeg, decode) {
  const coded = codedData(bytes, jpeg);
  if (jpeg.hasEnd) return findMissing(coded, jpeg, decode);
  const trimmed = coded.subarray(0, Math.min(coded.length, trimEnd(coded, 0).length + SPARE));
  const found = await findMissing(trimmed, jpeg, decode);
  if (!found.share || trimmed.length === coded.length) return found;
  const whole = await findMissing(coded, jpeg, decode);
  const needed = await findMissing(coded.subarray(0, -SPARE), jpeg, decode);
  return !whole.share && needed.share ? whole : found;
}

/** @param {Uint8Array<ArrayBuffer>} coded @param {JpegStructure} jpeg @param {Decoder} decode */
async function findMissing(coded, jpeg, decode) {
  const parts = withoutExif(coded);
  const filled = await decode(new Blob([...parts, END_MARKER]));
  const [across, down] = codedUnit(jpeg);
  const [columns, rows] = [Math.ceil(jpeg.width / across), Math.ceil(jpeg.height / down)];
  let first = columns * rows;
  for (const tail of tails(coded, jpeg)) {
    const other = await decode(new Blob([...parts, ...tail, END_MARKER]));
    const scale = jpeg.width / other.width;
    const difference = firstDifference(filled, other, across / scale, down / scale);
    other.close();
    if (difference) first = Math.min(first, difference[1] * columns + difference[0]);
  }
  filled.close();
  return { rows: Math.min(jpeg.height, Math.floor(first / columns) * down), share: 1 - first / (columns * rows) };
}

/** Split a JPEG around its EXIF block, whose orientation would rotate it. @param {Uint8Array<ArrayBuffer>} coded */
export function withoutExif(coded) {
  const parts = [coded.subarray(0, 2)];
  let at = 2;
  for (; coded[at] === 0xff && coded[at + 1] !== 0xda && at < coded.length; at += segmentBytes(coded, at)) {
    if (coded[at + 1] !== 0xe1) parts.push(coded.subarray(at, at + segmentBytes(coded, at)));
  }
  return [...parts, coded.subarray(at)];
}

/** Continuations of the coded data that are not decoded to the filling. @param {Uint8Array<ArrayBuffer>} coded @param {JpegStructure} jpeg */
function tails(coded, jpeg) {
  if (!jpeg.restarts) return TAILS.map((tail) => [tail]);
  let last = 7;
  for (let at = coded.lastIndexOf(0xff); at >= 0; at = at ? coded.lastIndexOf(0xff, at - 1) : -1) {
    const marker = coded[at + 1];
    if (marker >= 0xd0 && marker <= 0xd7) last = marker - 0xd0;
    if (marker >= 0xd0 && marker <= 0xda) break;
  }
  return [...TAILS.map((tail) => [tail]), [Uint8Array.of(0xff, 0xd0 + ((last + 1) % 8)), TAILS[0]]];
}

/**
 * Column and row of the first coded unit in which two pictures differ; null if they are equal.
 *
 * Smoothing of colours reaches one pixel into the unit above and before.
 *
 * @param {ImageBitmap} one
 * @param {ImageBitmap} other
 * @param {number} across
 * @param {number} down
 */
function firstDifference(one, other, across, down) {
  const { width, height } = one;
  const smoothed = Number(down >= 8);
  for (let top = 0; top < height; top += BAND_ROWS) {
    const rows = Math.min(BAND_ROWS, height - top);
    const at = indexOfDifference(readPart(one, 0, top, width, rows).data, readPart(other, 0, top, width, rows).data);
    if (at < 0) continue;
    const row = Math.floor((top + Math.floor(at / width) + smoothed) / down);
    const from = Math.round(row * down) + smoothed;
    const count = Math.max(1, Math.min(Math.round(down) - 2 * smoothed, height - from));
    const [mine, theirs] = [one, other].map((bitmap) => readPart(bitmap, 0, Math.min(from, height - 1), width, count).data);
    let column = width;
    for (let line = 0; line < count; line++) {
      const part = [mine, theirs].map((data) => data.subarray(4 * line * width, 4 * (line + 1) * width));
      const found = indexOfDifference(part[0], part[1]);
      if (found >= 0) column = Math.min(column, found);
    }
    return [Math.min(Math.floor((column + smoothed) / across), Math.ceil(width / across) - 1), row];
  }
  return null;
}

/** Index of the first pixel that differs, or -1. @param {Uint8ClampedArray<ArrayBuffer>} one @param {Uint8ClampedArray<ArrayBuffer>} other */
function indexOfDifference(one, other) {
  const [mine, theirs] = [one, other].map((data) => new Uint32Array(data.buffer, data.byteOffset, data.length >> 2));
  return mine.findIndex((pixel, index) => pixel !== theirs[index]);
}

/** @param {ImageBitmap} bitmap @param {number} x @param {number} y @param {number} width @param {number} height */
function readPart(bitmap, x, y, width, height) {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser has no 2D canvas");
  context.drawImage(bitmap, -x, -y);
  return context.getImageData(0, 0, width, height);
}
