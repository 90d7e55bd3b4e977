// A picture's file becomes upright sRGB pixels, decoded by the browser: as discern.picture opens it, or nearly.
//
// Where Python decodes a large JPEG at a half, a quarter or an eighth, each pixel is the mean of a square of the full
// picture's; here the squares are averaged after decoding. Decoders differ by a level or two, mostly in colour.

import { plainPng } from "./png_chunks.js";
import { orientation, turned, turnsItself } from "./exif_orientation.js";

const MAX_BYTES = 64 * 2 ** 20;
const MAX_PIXELS = 120_000_000;
const BAND = 4_000_000;
const TAIL = 2 ** 16;
const ENDS = { JPEG: "\xff\xd9", PNG: "IEND" };

const KINDS = [
  ["JPEG", /^\xff\xd8\xff/],
  ["PNG", /^\x89PNG\r\n\x1a\n/],
  ["WEBP", /^RIFF[^]{4}WEBP/],
  ["GIF", /^GIF8[79]a/],
  ["BMP", /^BM/],
  ["TIFF", /^(II[*+]\0|MM\0[*+])/],
  ["AVIF", /^[^]{4}ftypavi[fs]/],
  ["HEIF", /^[^]{4}ftyp(hei|hev|mif1|msf1)/],
];

/** What is told instead of an answer, in the form that every door gives. */
export class Refusal extends Error {
  constructor(code, message, hint) {
    super(message);
    this.said = { code, message, hint };
  }
}

/**
 * Open a picture.
 *
 * @param {Blob} blob the file.
 * @param shortest from the picture's width and height to the shorter side that is needed, in pixels.
 * @returns pixels {data, width, height, channels: 4} over white, and the whole picture's size [width, height].
 * @throws {Refusal} where it cannot be used as a picture.
 */
export async function open(blob, shortest) {
  const kind = await recognise(blob);
  const bitmap = await decode(blob, kind);
  try {
    const size = [bitmap.width, bitmap.height];
    if (size[0] * size[1] > MAX_PIXELS) {
      throw new Refusal("too_large", `This ${kind} has ${size[0]} x ${size[1]} pixels.`, "Make the picture smaller.");
    }
    if (!(await turnsItself(kind))) return upright(read(bitmap, 1, 1), await orientation(blob, kind));
    const factor = kind === "JPEG" ? reduction(Math.min(...size), shortest(...size)) : 1;
    return { pixels: read(bitmap, factor, factor > 1 ? await orientation(blob, kind) : 1), size };
  } finally {
    bitmap.close();
  }
}

function upright(stored, turn) {
  const pixels = turn > 1 ? turned(stored, turn) : stored;
  return { pixels, size: [pixels.width, pixels.height] };
}

async function recognise(blob) {
  if (blob.size === 0) throw new Refusal("empty", "The file is empty.", "Get it again from where it came from.");
  if (blob.size > MAX_BYTES) {
    throw new Refusal("too_large", `The file has ${blob.size} bytes.`, "Make the picture smaller.");
  }
  const kind = await kindOf(blob);
  if (!kind) throw new Refusal("not_a_picture", "This is no picture of a known format.", "Give a JPEG or a PNG.");
  return kind;
}

/** Which format a file has, by its first bytes; null for one that is not known. */
export async function kindOf(blob) {
  const head = await text(blob.slice(0, 16));
  return KINDS.find(([, pattern]) => pattern.test(head))?.[0] ?? null;
}

async function text(blob) {
  return Array.from(new Uint8Array(await blob.arrayBuffer()), (byte) => String.fromCharCode(byte)).join("");
}

async function decode(blob, kind) {
  try {
    const plain = kind === "PNG" ? await plainPng(blob) : blob;
    return await createImageBitmap(plain, { imageOrientation: "from-image", colorSpaceConversion: "default" });
  } catch {
    if (kind === "TIFF" || kind === "HEIF" || kind === "AVIF") {
      throw new Refusal("unsupported", `This browser cannot open ${kind} pictures.`, "Save it as JPEG or PNG.");
    }
    if (ENDS[kind] && !(await text(blob.slice(-TAIL))).includes(ENDS[kind])) {
      throw new Refusal("truncated", `This ${kind} ends before the picture does.`, "Get the file again from where it came from.");
    }
    throw new Refusal("damaged", `This ${kind} cannot be decoded.`, "Save it anew, or leave it out.");
  }
}

/** The power of two, at most 8, by which Python shrinks a JPEG while decoding. */
function reduction(side, shortest) {
  return [8, 4, 2].find((factor) => side >= factor * shortest) ?? 1;
}

/** Read a bitmap over white, band by band: a whole large picture would take its memory twice. */
function read(bitmap, factor, turn) {
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.ceil(side / factor));
  const data = new Uint8ClampedArray(width * height * 4);
  // Squares of a turned picture begin at the corner where the stored one began.
  const skip = {
    x: [2, 3, 6, 7].includes(turn) ? width * factor - bitmap.width : 0,
    y: [3, 4, 7, 8].includes(turn) ? height * factor - bitmap.height : 0,
  };
  const rows = Math.max(1, Math.floor(BAND / bitmap.width / factor));
  for (let first = 0; first < height; first += rows) {
    const count = Math.min(rows, height - first);
    const top = Math.max(0, first * factor - skip.y);
    const band = drawn(bitmap, top, Math.min(bitmap.height, (first + count) * factor - skip.y) - top);
    const into = data.subarray(first * width * 4, (first + count) * width * 4);
    if (factor === 1) into.set(band.data);
    else shrink(band, into, { factor, width, skip: { x: skip.x, y: top - (first * factor - skip.y) } });
  }
  return { data, width, height, channels: 4 };
}

function drawn(bitmap, top, rows) {
  const canvas = new OffscreenCanvas(bitmap.width, rows);
  const context = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  context.imageSmoothingEnabled = false;
  context.fillStyle = "white";
  context.fillRect(0, 0, bitmap.width, rows);
  context.drawImage(bitmap, 0, -top);
  return context.getImageData(0, 0, bitmap.width, rows);
}

/**
 * Average squares of factor x factor pixels; at the rim the outermost pixels are repeated, as encoders do.
 *
 * @param band pixels of 4 channels.
 * @param into gets width pixels a row; as many rows as fit.
 * @param options.skip how far before the band's first pixel the first square begins.
 */
export function shrink(band, into, { factor, width, skip }) {
  const shift = 2 * Math.log2(factor);
  const sums = new Int32Array(width * 4);
  for (let row = 0; row * width * 4 < into.length; row++) {
    sums.fill((1 << shift) >> 1);
    for (let step = 0; step < factor; step++) {
      const y = Math.min(band.height - 1, Math.max(0, row * factor + step - skip.y));
      add(band.data.subarray(y * band.width * 4, (y + 1) * band.width * 4), sums, factor, skip.x);
    }
    for (let at = 0; at < sums.length; at++) into[row * width * 4 + at] = sums[at] >> shift;
  }
}

function add(line, sums, factor, skip) {
  const last = line.length / 4 - 1;
  for (let x = -skip, square = 0, step = 0; square < sums.length; x++) {
    const from = 4 * Math.min(last, Math.max(0, x));
    sums[square] += line[from];
    sums[square + 1] += line[from + 1];
    sums[square + 2] += line[from + 2];
    if (++step === factor) [step, square] = [0, square + 4];
  }
}
