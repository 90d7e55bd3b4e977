// Smaller copies: thumbnails for the list, and pictures that a server would not take as they are.

import { kindOf } from "./decode.js";
import { orientation, turned, turnsItself } from "./exif_orientation.js";

const SENT = 2048;
const LEAST = 256;

/** A small square copy as a data URL, which goes with its item; null where this browser cannot show the picture. */
export async function thumbnail(blob, side = 160) {
  const bitmap = await open(blob);
  if (!bitmap) return null;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const cut = Math.min(bitmap.width, bitmap.height);
  const brush = whiten(canvas);
  brush.drawImage(bitmap, (bitmap.width - cut) / 2, (bitmap.height - cut) / 2, cut, cut, 0, 0, side, side);
  bitmap.close();
  raise(canvas, await lying(blob));
  return canvas.toDataURL("image/jpeg", 0.8);
}

/** A picture as this browser shows it upright: itself, or a turned copy where this browser would leave it lying. */
export async function upright(blob) {
  return (await lying(blob)) > 1 ? ((await shrink(blob)) ?? blob) : blob;
}

/** A copy of at most 2,048 px that has at most `most` bytes, or null where this browser cannot show the picture. */
export async function shrink(blob, most = Infinity) {
  const bitmap = await open(blob);
  if (!bitmap) return null;
  const turn = await lying(blob);
  let copy = null;
  for (let side = SENT; side >= LEAST && !(copy?.size <= most); side /= 2) copy = await draw(bitmap, side, turn);
  bitmap.close();
  return copy;
}

function draw(bitmap, side, turn) {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(scale * bitmap.width));
  canvas.height = Math.max(1, Math.round(scale * bitmap.height));
  const brush = whiten(canvas);
  brush.imageSmoothingQuality = "high";
  brush.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  raise(canvas, turn);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
}

/** What is clear in a picture is looked at over white. */
function whiten(canvas) {
  const brush = canvas.getContext("2d");
  brush.fillStyle = "#fff";
  brush.fillRect(0, 0, canvas.width, canvas.height);
  return brush;
}

/** How a picture lies after this browser has opened it: 1 to 8, where 1 is upright. */
async function lying(blob) {
  const kind = await kindOf(blob);
  return !kind || (await turnsItself(kind)) ? 1 : orientation(blob, kind);
}

function raise(canvas, turn) {
  if (turn < 2) return;
  const brush = canvas.getContext("2d");
  const { data, width, height } = turned(brush.getImageData(0, 0, canvas.width, canvas.height), turn);
  Object.assign(canvas, { width, height });
  brush.putImageData(new ImageData(data, width, height), 0, 0);
}

async function open(blob) {
  try {
    return await createImageBitmap(blob, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
}
