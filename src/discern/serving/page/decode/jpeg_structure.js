// Structure of a JPEG, as discern.picture reads it: its size, its scans, and where its picture ends.
//
// Bytes behind the end of the picture, such as films, are never looked at.

/**
 * @typedef {object} JpegStructure
 * @property {number} width as stored, in pixels.
 * @property {number} height
 * @property {number[][]} sampling horizontal and vertical sampling factor of each component.
 * @property {boolean} progressive
 * @property {boolean} buffered whether decoders hold all coefficients.
 * @property {boolean} restarts whether a restart interval is declared.
 * @property {number} scans
 * @property {number} dataEnd position behind the coded data of the last scan.
 * @property {boolean} hasEnd whether the end marker follows the last scan.
 * @property {boolean} whole whether it follows directly.
 * @property {boolean} covered whether the scans include each component at full precision.
 */

const [SCAN, END, RESTART_INTERVAL] = [0xda, 0xd9, 0xdd];
const FRAME_MARKERS = [0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf];
const PROGRESSIVE_MARKERS = [0xc2, 0xc6, 0xca, 0xce];
const BLOCK_BYTES = 128;

/** Parse a JPEG up to the end of its first picture. @param {Uint8Array} bytes @returns {JpegStructure} */
export function parseJpeg(bytes) {
  /** @type {JpegStructure} */
  const jpeg = {
    ...{ width: 0, height: 0, sampling: [], progressive: false, buffered: false, restarts: false },
    ...{ scans: 0, dataEnd: bytes.length, hasEnd: false, whole: false, covered: false },
  };
  /** @type {Map<number, Uint8Array>} */
  let missing = new Map();
  for (let at = bytes.indexOf(0xff, 2); at >= 0 && at + 9 <= bytes.length; at = bytes.indexOf(0xff, at)) {
    const marker = bytes[at + 1];
    if (FRAME_MARKERS.includes(marker)) missing = readFrame(jpeg, bytes, at);
    if (marker === RESTART_INTERVAL) jpeg.restarts = true;
    if (marker === SCAN) {
      readScans(jpeg, bytes, at, missing);
      break;
    }
    at += marker === 0xff ? 1 : marker < 0xc0 || (marker >= 0xd0 && marker < 0xda) ? 2 : segmentBytes(bytes, at);
  }
  return jpeg;
}

/** Width and height of the area that is coded at a time, in pixels. @param {JpegStructure} jpeg */
export function codedUnit({ sampling }) {
  return [0, 1].map((axis) => 8 * Math.max(1, ...sampling.map((factors) => factors[axis])));
}

/** Memory for the coefficients, in bytes. @param {JpegStructure} jpeg */
export function coefficientBytes(jpeg) {
  const [across, down] = codedUnit(jpeg);
  const blocks = jpeg.sampling.reduce((sum, [wide, high]) => sum + wide * high, 0);
  return jpeg.buffered ? BLOCK_BYTES * Math.ceil(jpeg.width / across) * Math.ceil(jpeg.height / down) * blocks : 0;
}

/** Read a frame header; returns the missing bits of each component. @param {JpegStructure} jpeg @param {Uint8Array} bytes @param {number} at */
function readFrame(jpeg, bytes, at) {
  [jpeg.height, jpeg.width] = [5, 7].map((offset) => (bytes[at + offset] << 8) | bytes[at + offset + 1]);
  jpeg.progressive = PROGRESSIVE_MARKERS.includes(bytes[at + 1]);
  const components = Array.from({ length: Math.min(4, bytes[at + 9] ?? 0) }, (_, index) => at + 10 + 3 * index);
  jpeg.sampling = components.map((start) => [bytes[start + 1] >> 4, bytes[start + 1] & 15]);
  return new Map(components.map((start) => [bytes[start], new Uint8Array(64).fill(0xff)]));
}

/** @param {JpegStructure} jpeg @param {Uint8Array} bytes @param {number} first @param {Map<number, Uint8Array>} missing */
function readScans(jpeg, bytes, first, missing) {
  for (let at = first; at >= 0 && readScan(jpeg, bytes, at, missing); at = nextScan(jpeg, bytes)) {
    jpeg.dataEnd = findMarker(bytes, at + segmentBytes(bytes, at));
  }
  jpeg.covered = isCovered(missing);
}

/** @param {Map<number, Uint8Array>} missing */
function isCovered(missing) {
  return missing.size > 0 && [...missing.values()].every((bits) => bits.every((each) => each === 0));
}

/** Position of the next marker that is none of a scan's own, or the end. @param {Uint8Array} bytes @param {number} from */
function findMarker(bytes, from) {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const marker = bytes[at + 1];
    if (marker && marker !== 0xff && (marker < 0xd0 || marker > 0xd7)) return at;
  }
  return bytes.length;
}

/** Read a scan's header; false if it does not belong to the picture. @param {JpegStructure} jpeg @param {Uint8Array} bytes @param {number} at @param {Map<number, Uint8Array>} missing */
function readScan(jpeg, bytes, at, missing) {
  const end = at + segmentBytes(bytes, at);
  const count = bytes[at + 4];
  if (end > bytes.length || end !== at + 8 + 2 * count || (!jpeg.progressive && isCovered(missing))) return false;
  const names = Array.from({ length: count }, (_, index) => bytes[at + 5 + 2 * index]);
  const [from, to, left] = jpeg.progressive ? [bytes[end - 3], bytes[end - 2], bytes[end - 1] & 15] : [0, 63, 0];
  if (!count || !names.every((name) => missing.has(name)) || from > to || to > 63) return false;
  for (const name of names) missing.get(name)?.fill(left, from, to + 1);
  jpeg.scans++;
  jpeg.buffered ||= jpeg.progressive || count < jpeg.sampling.length;
  return true;
}

/** Position of the scan that follows the tables behind a scan, or -1. @param {JpegStructure} jpeg @param {Uint8Array} bytes */
function nextScan(jpeg, bytes) {
  for (let at = jpeg.dataEnd; bytes[at] === 0xff && at + 2 <= bytes.length; at += segmentBytes(bytes, at)) {
    const marker = bytes[at + 1];
    if (marker === SCAN) return at;
    if (marker === END) {
      [jpeg.hasEnd, jpeg.whole] = [true, at === jpeg.dataEnd];
      return -1;
    }
    if (![0xc4, 0xcc, 0xdb, 0xdc, 0xdd, 0xfe].includes(marker) && (marker < 0xe0 || marker > 0xef)) return -1;
    if (marker === RESTART_INTERVAL) jpeg.restarts = true;
  }
  return -1;
}

/** @param {Uint8Array} bytes @param {number} at */
export function segmentBytes(bytes, at) {
  return 2 + ((bytes[at + 2] << 8) | bytes[at + 3]);
}
