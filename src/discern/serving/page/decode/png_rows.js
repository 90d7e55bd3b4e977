// PNGs whose last rows are missing, and those of 16 bits per channel: rewritten so that the browser decodes them as
// discern.picture does.

import { PictureError, RETRIEVE } from "./picture_error.js";

/**
 * @typedef {{ kind: string, start: number, end: number }} Chunk position of its content.
 * @typedef {{ bytes: Uint8Array<ArrayBuffer>, chunks: Chunk[], header: Header }} Png
 * @typedef {{ width: number, height: number, depth: number, colour: number, interlaced: boolean }} Header
 */

const FEW = 1 / 16;
const UP = 2;
const FULL_RANGE = 65535;
/** @type {Record<number, number>} */
const CHANNELS = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const PASSES = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]]; // prettier-ignore

/**
 * Rewrite a PNG without its end chunk, and one of 16 bits of which fewer are used; null if it can stay as it is.
 *
 * @param {Blob} blob
 * @param {number} white value that becomes white in pictures of 16 bits per channel.
 */
export async function rewritePng(blob, white) {
  const png = parsePng(new Uint8Array(await blob.arrayBuffer()));
  if (!png) return null;
  const hasEnd = png.chunks.at(-1)?.kind === "IEND";
  const isScaled = white < FULL_RANGE && png.header.depth === 16;
  if (hasEnd && !isScaled) return null;
  const rows = await readRows(png);
  if (!rows) return null;
  return isScaled ? scaleRows(png, rows, white) : write(png, png.header, await deflate(rows), ["IHDR", "IDAT", "IEND"]);
}

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {Png | null} */
function parsePng(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  /** @type {Chunk[]} */
  const chunks = [];
  for (let at = 8; at + 8 <= bytes.length && chunks.at(-1)?.kind !== "IEND"; ) {
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    chunks.push({ kind, start: at + 8, end: at + 8 + view.getUint32(at) });
    at += 12 + view.getUint32(at);
  }
  if (chunks[0]?.kind !== "IHDR" || chunks[0].end + 4 > bytes.length) return null;
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  return { bytes, chunks, header: { width, height, depth: bytes[24], colour: bytes[25], interlaced: bytes[28] === 1 } };
}

/** Bytes of a row with its filter, and the number of rows, of each pass. @param {Header} header */
function passes({ width, height, depth, colour, interlaced }) {
  const bits = depth * (CHANNELS[colour] ?? 0);
  const sizes = interlaced
    ? PASSES.map(([x, y, across, down]) => [Math.ceil((width - x) / across), Math.ceil((height - y) / down)])
    : [[width, height]];
  return sizes.filter(([wide, high]) => wide > 0 && high > 0).map(([wide, high]) => [1 + Math.ceil((wide * bits) / 8), high]);
}

/** Inflate the filtered rows, and repeat the last one for a few that are missing; null if nothing can be read. @param {Png} png */
async function readRows({ bytes, chunks, header }) {
  const sizes = passes(header);
  const total = sizes.reduce((sum, [row, count]) => sum + row * count, 0);
  const parts = chunks.filter(({ kind }) => kind === "IDAT").map(({ start, end }) => bytes.subarray(start, end));
  if (!total || !parts.length) return null;
  const rows = new Uint8Array(total);
  const read = await inflate(parts, rows);
  const row = sizes[sizes.length - 1][0];
  const lacking = Math.ceil((total - read) / row);
  const missing = Math.min(header.height, lacking * (header.interlaced ? 2 : 1));
  if (missing > FEW * header.height) {
    const message = `This PNG ends after ${header.height - missing} of ${header.height} rows.`;
    throw new PictureError("truncated", message, RETRIEVE);
  }
  for (let at = total - Math.floor((total - read) / row) * row; at < total; at += row) rows[at] = UP;
  return rows;
}

/** Inflate as far as possible; returns the number of bytes. @param {Uint8Array<ArrayBuffer>[]} parts @param {Uint8Array} into */
async function inflate(parts, into) {
  const { readable, writable } = new DecompressionStream("deflate");
  const [reader, writer] = [readable.getReader(), writable.getWriter()];
  const isWritten = writer.write(new Uint8Array(await new Blob(parts).arrayBuffer())).catch(() => undefined);
  // A closed stream would drop what it holds when it finds the data incomplete. Once all is written, reads do not wait.
  const ended = isWritten.then(() => new Promise((resolve) => setTimeout(resolve, 0, null)));
  let read = 0;
  try {
    while (read < into.length) {
      const piece = await Promise.race([reader.read(), ended]);
      if (!piece?.value) break;
      into.set(piece.value.subarray(0, into.length - read), read);
      read += Math.min(piece.value.length, into.length - read);
    }
  } catch {
    // The data is damaged from here on.
  }
  writer.abort().catch(() => undefined);
  reader.cancel().catch(() => undefined);
  return read;
}

/** @param {Uint8Array<ArrayBuffer>} rows */
async function deflate(rows) {
  const stream = new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Scale rows of 16 bits per channel to 8 bits. @param {Png} png @param {Uint8Array} rows @param {number} white */
async function scaleRows(png, rows, white) {
  const { header } = png;
  const channels = CHANNELS[header.colour];
  const clear = header.colour === 0 ? transparentValue(png) : -1;
  const table = Uint8Array.from({ length: FULL_RANGE + 1 }, (_, value) =>
    Math.min(255, Math.floor((value * 255 + (white >> 1)) / white)),
  );
  const isColour = (/** @type {number} */ channel) => channel < 3 && !(header.colour === 4 && channel === 1);
  const scaled = [];
  let at = 0;
  for (const [bytes, count] of passes(header)) {
    const pixels = (bytes - 1) / 2 / channels;
    let above = new Uint8Array(bytes - 1);
    for (let row = 0; row < count; row++, at += bytes) {
      const line = unfilter(rows[at], rows.subarray(at + 1, at + bytes), above, 2 * channels);
      const output = new Uint8Array(1 + pixels * (channels + Number(clear >= 0)));
      for (let pixel = 0, to = 1; pixel < pixels; pixel++) {
        for (let channel = 0; channel < channels; channel++) {
          const high = line[2 * (pixel * channels + channel)];
          // Python's decoder of grey with alpha knows the upper bits alone.
          const low = header.colour === 4 ? 128 : line[2 * (pixel * channels + channel) + 1];
          output[to++] = isColour(channel) ? table[(high << 8) | low] : high;
          if (clear >= 0) output[to++] = ((high << 8) | low) === clear ? 0 : 255;
        }
      }
      scaled.push(output);
      above = line;
    }
  }
  const changed = { ...header, depth: 8, colour: clear >= 0 ? 4 : header.colour };
  const joined = new Uint8Array(await new Blob(scaled).arrayBuffer());
  return write(png, changed, await deflate(joined), ["IHDR", "IDAT", "IEND", "tRNS", "sBIT", "bKGD", "hIST"]);
}

/** @param {Png} png */
function transparentValue({ bytes, chunks }) {
  const start = chunks.find(({ kind }) => kind === "tRNS")?.start;
  return start ? (bytes[start] << 8) | bytes[start + 1] : -1;
}

/** Undo a row's filter. @param {number} kind @param {Uint8Array} row @param {Uint8Array} above @param {number} step */
function unfilter(kind, row, above, step) {
  const line = new Uint8Array(row.length);
  for (let at = 0; at < row.length; at++) {
    const left = at < step ? 0 : line[at - step];
    const corner = at < step ? 0 : above[at - step];
    line[at] = row[at] + [0, left, above[at], (left + above[at]) >> 1, paeth(left, above[at], corner)][kind];
  }
  return line;
}

/** @param {number} left @param {number} above @param {number} corner */
function paeth(left, above, corner) {
  const [a, b, c] = [left, above, corner].map((near) => Math.abs(left + above - corner - near));
  if (a <= b && a <= c) return left;
  return b <= c ? above : corner;
}

/** Write a PNG with other pixels. @param {Png} png @param {Header} header @param {Uint8Array<ArrayBuffer>} pixels @param {string[]} dropped */
function write({ bytes, chunks }, header, pixels, dropped) {
  const start = new Uint8Array(13);
  const view = new DataView(start.buffer);
  view.setUint32(0, header.width);
  view.setUint32(4, header.height);
  start.set([header.depth, header.colour, 0, 0, Number(header.interlaced)], 8);
  const others = chunks.filter(({ kind, end }) => !dropped.includes(kind) && end + 4 <= bytes.length);
  return new Blob([
    bytes.subarray(0, 8),
    ...chunk("IHDR", start),
    ...others.map((each) => bytes.subarray(each.start - 8, each.end + 4)),
    ...chunk("IDAT", pixels),
    ...chunk("IEND", new Uint8Array(0)),
  ]);
}

/** @param {string} kind @param {Uint8Array<ArrayBuffer>} body */
function chunk(kind, body) {
  const named = new Uint8Array(4 + body.length);
  named.set([...kind].map((letter) => letter.charCodeAt(0)));
  named.set(body, 4);
  const [length, checksum] = [body.length, checksumOf(named)].map((number) => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, number);
    return bytes;
  });
  return [length, named, checksum];
}

const CHECKSUMS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** @param {Uint8Array} bytes */
function checksumOf(bytes) {
  let value = 0xffffffff;
  for (let at = 0; at < bytes.length; at++) value = CHECKSUMS[(value ^ bytes[at]) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
