// Smaller copies: thumbnails for the lists, and pictures within a server's size limit.

import { detectFormat, openUpright } from "./decode.js";
import { browserRotates, readOrientation, rotatePixels } from "./exif_orientation.js";

const MAX_SIDE = 2048;
const MIN_SIDE = 256;

/** Make a small square copy as a data URL; null where this browser cannot open the picture. @param {Blob} blob */
export async function makeThumbnail(blob, side = 160) {
  const bitmap = await openUpright(blob);
  if (!bitmap) return null;
  const { canvas, context } = whiteCanvas(side, side);
  const cut = Math.min(bitmap.width, bitmap.height);
  context.drawImage(bitmap, (bitmap.width - cut) / 2, (bitmap.height - cut) / 2, cut, cut, 0, 0, side, side);
  bitmap.close();
  rotateCanvas(canvas, context, await remainingOrientation(blob));
  return canvas.toDataURL("image/jpeg", 0.8);
}

/** Return the picture itself, or a rotated copy where this browser would not show it upright. @param {Blob} blob */
export async function uprightCopy(blob) {
  return (await remainingOrientation(blob)) > 1 ? ((await downscale(blob)) ?? blob) : blob;
}

/**
 * Make a copy of at most 2,048 px and `maxBytes`; null where this browser cannot open the picture.
 *
 * @param {Blob} blob
 * @param {number} [maxBytes]
 */
export async function downscale(blob, maxBytes = Infinity) {
  const bitmap = await openUpright(blob);
  if (!bitmap) return null;
  const orientation = await remainingOrientation(blob);
  /** @type {Blob | null} */
  let copy = null;
  for (let side = MAX_SIDE; side >= MIN_SIDE && !(copy && copy.size <= maxBytes); side /= 2) {
    copy = await encodeJpeg(bitmap, side, orientation);
  }
  bitmap.close();
  return copy;
}

/** @param {ImageBitmap} bitmap @param {number} side @param {number} orientation @returns {Promise<Blob | null>} */
function encodeJpeg(bitmap, side, orientation) {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((each) => Math.max(1, Math.round(scale * each)));
  const { canvas, context } = whiteCanvas(width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  rotateCanvas(canvas, context, orientation);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
}

/** Make a white canvas: transparent pixels are classified over white. @param {number} width @param {number} height */
function whiteCanvas(width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser has no 2D canvas");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  return { canvas, context };
}

/** Orientation that is left after this browser has opened a picture: 1 to 8, where 1 is upright. @param {Blob} blob */
async function remainingOrientation(blob) {
  const format = await detectFormat(blob);
  return !format || (await browserRotates(format)) ? 1 : readOrientation(blob, format);
}

/** @param {HTMLCanvasElement} canvas @param {CanvasRenderingContext2D} context @param {number} orientation */
function rotateCanvas(canvas, context, orientation) {
  if (orientation < 2) return;
  const { data, width, height } = rotatePixels(context.getImageData(0, 0, canvas.width, canvas.height), orientation);
  Object.assign(canvas, { width, height });
  context.putImageData(new ImageData(data, width, height), 0, 0);
}

