// From a picture's file to upright sRGB pixels, decoded by the browser; close to what discern.picture does.
//
// Where Python decodes a large JPEG at a half, a quarter or an eighth, each pixel is the mean of a block of the full
// picture's; here the blocks are averaged after decoding. Decoders differ by a level or two, mostly in colour.

import { browserRotates, readOrientation, rotatePixels } from "./exif_orientation.js";
import { completeJpeg, endsInGrey, requireRows, withoutExif } from "./jpeg_rows.js";
import { coefficientBytes, parseJpeg } from "./jpeg_structure.js";
import { MAKE_SMALLER, PictureError, RETRIEVE } from "./picture_error.js";
import { normalisePng } from "./png_chunks.js";
import { rewritePng } from "./png_rows.js";

/**
 * @typedef {"JPEG" | "PNG" | "WEBP" | "GIF" | "BMP" | "TIFF" | "AVIF" | "HEIF"} Format
 * @typedef {{ pixels: Pixels, size: number[] }} DecodedPicture `size` is the whole picture's width and height.
 */

/** @import { JpegStructure } from "./jpeg_structure.js" */
/** @import { Pixels } from "./resample.js" */

export { PictureError };

const MAX_BYTES = 64 * 2 ** 20;
const MAX_PIXELS = 120_000_000;
// A JPEG of more is decoded at half of its size or less.
const MAX_JPEG_PIXELS = 4 * MAX_PIXELS;
const MAX_COEFFICIENT_BYTES = 850_000_000;
const FULL_RANGE = 65535;
const BAND_PIXELS = 4_000_000;
const TAIL_BYTES = 2 ** 16;
const EXPORT_AGAIN = "Export the picture again from its original program, or leave it out.";
/** @type {Partial<Record<Format, string>>} */
const END_MARKERS = { JPEG: "\xff\xd9", PNG: "IEND", GIF: ";" };

/** @type {[Format, RegExp][]} */
const SIGNATURES = [
  ["JPEG", /^\xff\xd8\xff/],
  ["PNG", /^\x89PNG\r\n\x1a\n/],
  ["WEBP", /^RIFF[^]{4}WEBP/],
  ["GIF", /^GIF8[79]a/],
  ["BMP", /^BM/],
  ["TIFF", /^(II[*+]\0|MM\0[*+])/],
  ["AVIF", /^[^]{4}ftypavi[fs]/],
  ["HEIF", /^[^]{4}ftyp(hei|hev|mif1|msf1)/],
];

/**
 * Decode a picture over white.
 *
 * @param {Blob} blob the file.
 * @param {(width: number, height: number) => number} shortestSide from the picture's size to the shorter side that is
 *     needed, in pixels.
 * @param {number} [white] value that becomes white in pictures of 16 bits per channel.
 * @returns {Promise<DecodedPicture>}
 * @throws {PictureError} if the file cannot be used as a picture.
 */
export async function decode(blob, shortestSide, white = FULL_RANGE) {
  const format = await requireFormat(blob);
  const jpeg = format === "JPEG" ? parseJpeg(new Uint8Array(await blob.arrayBuffer())) : null;
  if (jpeg) requireScans(jpeg);
  if (jpeg && jpeg.width * jpeg.height > MAX_PIXELS) return decodeReduced(blob, jpeg, shortestSide);
  const bitmap = jpeg ? await decodeJpeg(blob, jpeg) : await decodeBitmap(blob, format, white);
  try {
    const { width, height } = bitmap;
    if (width * height > MAX_PIXELS) throw tooLarge(format, width, height);
    if (!(await browserRotates(format))) return rotate(readPixels(bitmap, 1, 1), await readOrientation(blob, format));
    const factor = format === "JPEG" ? reduction(Math.min(width, height), shortestSide(width, height)) : 1;
    const orientation = factor > 1 ? await readOrientation(blob, format) : 1;
    return { pixels: readPixels(bitmap, factor, orientation), size: [width, height] };
  } finally {
    bitmap.close();
  }
}

/** @param {Pixels} stored @param {number} orientation @returns {DecodedPicture} */
function rotate(stored, orientation) {
  const pixels = orientation > 1 ? rotatePixels(stored, orientation) : stored;
  return { pixels, size: [pixels.width, pixels.height] };
}

/** @param {Blob} blob @returns {Promise<Format>} */
async function requireFormat(blob) {
  if (blob.size === 0) throw new PictureError("empty", "The file is empty.", RETRIEVE);
  if (blob.size > MAX_BYTES) {
    throw new PictureError("too_large", `The file has ${blob.size} bytes.`, MAKE_SMALLER);
  }
  const format = await detectFormat(blob);
  if (!format) throw new PictureError("not_a_picture", "The file is not a picture in a known format.", "Use a JPEG or PNG file.");
  return format;
}

/** Detect a file's format by its first bytes; null for an unknown one. @param {Blob} blob */
export async function detectFormat(blob) {
  const head = await readText(blob.slice(0, 16));
  return SIGNATURES.find(([, pattern]) => pattern.test(head))?.[0] ?? null;
}

/** @param {Blob} blob */
async function readText(blob) {
  return Array.from(new Uint8Array(await blob.arrayBuffer()), (byte) => String.fromCharCode(byte)).join("");
}

/** Open a picture for display, as it is decoded for the model; null where this browser cannot. @param {Blob} blob */
export async function openUpright(blob) {
  try {
    const format = await detectFormat(blob);
    if (format === "JPEG") return await decodeJpeg(blob, parseJpeg(new Uint8Array(await blob.arrayBuffer())));
    return await decodeBitmap(blob, format ?? "BMP", FULL_RANGE);
  } catch {
    return null;
  }
}

/** @param {string} format @param {number} width @param {number} height */
function tooLarge(format, width, height) {
  return new PictureError("too_large", `This ${format} has ${width} x ${height} pixels.`, MAKE_SMALLER);
}

/** Check that a JPEG has all of its scans, and not too many pixels for their memory. @param {JpegStructure} jpeg */
function requireScans(jpeg) {
  if (jpeg.scans && !jpeg.covered) {
    const message = `This JPEG ends in scan ${jpeg.scans} and lacks those that follow.`;
    throw new PictureError("truncated", message, RETRIEVE);
  }
  if (jpeg.width * jpeg.height > MAX_JPEG_PIXELS) throw tooLarge("JPEG", jpeg.width, jpeg.height);
  const bytes = coefficientBytes(jpeg);
  if (bytes <= MAX_COEFFICIENT_BYTES) return;
  const message = `This JPEG of ${jpeg.width} x ${jpeg.height} pixels needs ${bytes >> 20} MiB for the coefficients of its several scans.`;
  throw new PictureError("too_large", message, "Save the picture as a JPEG that is not progressive, or with fewer pixels.");
}

/** @param {Blob} blob @param {Format} format @param {number} white */
async function decodeBitmap(blob, format, white) {
  try {
    const file = format === "PNG" ? await normalisePng((await rewritePng(blob, white)) ?? blob) : blob;
    return await openBitmap(format === "GIF" ? new Blob([file, GIF_END]) : file);
  } catch (error) {
    throw error instanceof PictureError ? error : await decodingError(blob, format);
  }
}

// The end of the last block and of the file, which decoders in Python do not require.
const GIF_END = Uint8Array.of(0, 0x3b);

/** @param {Blob} file @param {ImageOrientation} [imageOrientation] */
function openBitmap(file, imageOrientation = "from-image") {
  return createImageBitmap(file, { imageOrientation, colorSpaceConversion: "default" });
}

/** Decode a JPEG, of which the end marker or a few rows may be missing. @param {Blob} blob @param {JpegStructure} jpeg */
async function decodeJpeg(blob, jpeg) {
  const decodeStored = (/** @type {Blob} */ file) => openBitmap(file, "none");
  try {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const isCut = jpeg.scans > 0 && !jpeg.whole;
    if (isCut) await requireRows(bytes, jpeg, decodeStored);
    const bitmap = await openBitmap(isCut ? completeJpeg(bytes, jpeg) : blob);
    if (!isCut && endsInGrey(bitmap)) await requireRows(bytes, jpeg, decodeStored);
    return bitmap;
  } catch (error) {
    throw error instanceof PictureError ? error : await decodingError(blob, "JPEG");
  }
}

/**
 * Decode a JPEG that is too large for its full size at a half, a quarter or an eighth of it.
 *
 * @param {Blob} blob
 * @param {JpegStructure} jpeg
 * @param {(width: number, height: number) => number} shortestSide
 * @returns {Promise<DecodedPicture>}
 */
async function decodeReduced(blob, jpeg, shortestSide) {
  const orientation = await readOrientation(blob, "JPEG");
  const size = orientation > 4 ? [jpeg.height, jpeg.width] : [jpeg.width, jpeg.height];
  const factor = reduction(Math.min(...size), shortestSide(size[0], size[1]));
  const [width, height] = [jpeg.width, jpeg.height].map((side) => Math.ceil(side / factor));
  if (factor === 1 || typeof ImageDecoder === "undefined") throw tooLarge("JPEG", jpeg.width, jpeg.height);
  const decodeStored = async (/** @type {Blob} */ file) => {
    const options = { type: "image/jpeg", desiredWidth: width, desiredHeight: height };
    const decoder = new ImageDecoder({ data: file.stream(), ...options });
    const { image } = await decoder.decode();
    const bitmap = await createImageBitmap(image);
    image.close();
    decoder.close();
    return bitmap;
  };
  try {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const isCut = jpeg.scans > 0 && !jpeg.whole;
    if (isCut) await requireRows(bytes, jpeg, decodeStored);
    const whole = isCut ? await completeJpeg(bytes, jpeg).arrayBuffer() : bytes;
    const bitmap = await decodeStored(new Blob(withoutExif(new Uint8Array(whole))));
    if (bitmap.width !== width || bitmap.height !== height) throw tooLarge("JPEG", jpeg.width, jpeg.height);
    if (!isCut && endsInGrey(bitmap)) await requireRows(bytes, jpeg, decodeStored);
    const { pixels } = rotate(readPixels(bitmap, 1, 1), orientation);
    bitmap.close();
    return { pixels, size };
  } catch (error) {
    throw error instanceof PictureError ? error : await decodingError(blob, "JPEG");
  }
}

/** @param {Blob} blob @param {Format} format */
async function decodingError(blob, format) {
  if (format === "TIFF" || format === "HEIF" || format === "AVIF") {
    return new PictureError("unsupported", `This browser cannot open ${format} pictures.`, "Save it as JPEG or PNG.");
  }
  const marker = END_MARKERS[format];
  if (marker && !(await readText(blob.slice(-TAIL_BYTES))).includes(marker)) {
    return new PictureError("truncated", `This ${format} file is incomplete.`, RETRIEVE);
  }
  return new PictureError("damaged", `This ${format} file cannot be decoded.`, EXPORT_AGAIN);
}

/**
 * Power of two, at most 8, by which Python reduces a JPEG while decoding.
 *
 * @param {number} side
 * @param {number} shortest
 */
function reduction(side, shortest) {
  return [8, 4, 2].find((factor) => side >= factor * shortest) ?? 1;
}

/**
 * Read a bitmap over white, band by band: a whole large picture would take its memory twice.
 *
 * @param {ImageBitmap} bitmap
 * @param {number} factor
 * @param {number} orientation
 * @returns {Pixels}
 */
function readPixels(bitmap, factor, orientation) {
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.ceil(side / factor));
  const data = new Uint8ClampedArray(width * height * 4);
  // Blocks of a rotated picture begin at the corner where the stored one began.
  const skip = {
    x: [2, 3, 6, 7].includes(orientation) ? width * factor - bitmap.width : 0,
    y: [3, 4, 7, 8].includes(orientation) ? height * factor - bitmap.height : 0,
  };
  const rows = Math.max(1, Math.floor(BAND_PIXELS / bitmap.width / factor));
  for (let first = 0; first < height; first += rows) {
    const count = Math.min(rows, height - first);
    const top = Math.max(0, first * factor - skip.y);
    const band = readBand(bitmap, top, Math.min(bitmap.height, (first + count) * factor - skip.y) - top);
    const into = data.subarray(first * width * 4, (first + count) * width * 4);
    if (factor === 1) into.set(band.data);
    else averageBlocks(band, into, { factor, width, skip: { x: skip.x, y: top - (first * factor - skip.y) } });
  }
  return { data, width, height, channels: 4 };
}

/** @param {ImageBitmap} bitmap @param {number} top @param {number} rows */
function readBand(bitmap, top, rows) {
  const canvas = new OffscreenCanvas(bitmap.width, rows);
  const context = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  if (!context) throw new Error("this browser has no 2D canvas");
  context.imageSmoothingEnabled = false;
  context.fillStyle = "white";
  context.fillRect(0, 0, bitmap.width, rows);
  context.drawImage(bitmap, 0, -top);
  return context.getImageData(0, 0, bitmap.width, rows);
}

/**
 * Average blocks of factor x factor pixels; at the edge the outermost pixels are repeated, as encoders do.
 *
 * @param {{ data: Uint8Array | Uint8ClampedArray, width: number, height: number }} band pixels of 4 channels.
 * @param {Uint8ClampedArray} into receives `width` pixels per row; as many rows as fit.
 * @param {{ factor: number, width: number, skip: { x: number, y: number } }} options `skip`: how far before the band's
 *     first pixel the first block begins.
 */
export function averageBlocks(band, into, { factor, width, skip }) {
  const shift = 2 * Math.log2(factor);
  const sums = new Int32Array(width * 4);
  for (let row = 0; row * width * 4 < into.length; row++) {
    sums.fill((1 << shift) >> 1);
    for (let step = 0; step < factor; step++) {
      const y = Math.min(band.height - 1, Math.max(0, row * factor + step - skip.y));
      addRow(band.data.subarray(y * band.width * 4, (y + 1) * band.width * 4), sums, factor, skip.x);
    }
    for (let index = 0; index < sums.length; index++) into[row * width * 4 + index] = sums[index] >> shift;
  }
}

/** @param {Uint8Array | Uint8ClampedArray} row @param {Int32Array} sums @param {number} factor @param {number} skip */
function addRow(row, sums, factor, skip) {
  const last = row.length / 4 - 1;
  for (let x = -skip, block = 0, step = 0; block < sums.length; x++) {
    const from = 4 * Math.min(last, Math.max(0, x));
    sums[block] += row[from];
    sums[block + 1] += row[from + 1];
    sums[block + 2] += row[from + 2];
    if (++step === factor) [step, block] = [0, block + 4];
  }
}
