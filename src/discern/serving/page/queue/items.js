// The pictures of this visit, from their arrival on.

import { shrink, thumbnail } from "../decode/downscale.js";

let count = 0;

/** Make an item of a file; `more` says how it came. */
export function makeItem(blob, name, more = {}) {
  count += 1;
  return { id: count, blob, name: name || `Picture ${count}`, state: "waiting", at: new Date(), ...more };
}

export function nameCapture() {
  return `Camera, ${new Date().toLocaleTimeString()}`;
}

let before = Promise.resolve();

/** Make an item's thumbnail, one after the other: a hundred large pictures at once would fill the memory. */
export function addThumbnail(item, done) {
  const { blob } = item;
  before = before.then(async () => {
    item.thumb = await thumbnail(blob);
    if (item.thumb) done(item);
  });
}

/** Refuse what the server would refuse, before it is sent. */
export function requireSize(item, limits) {
  if (!limits?.bytes || item.blob.size <= limits.bytes) return;
  const message = `It has ${megabytes(item.blob.size)}; the server takes ${megabytes(limits.bytes)}.`;
  throw { code: "too_large", message, hint: "I can send a smaller copy; what is to be seen stays the same." };
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)}\u202fMB`;

/** Put a smaller copy in an item's place. */
export async function makeSmaller(item, limits) {
  const smaller = await shrink(item.blob, limits?.bytes);
  if (!smaller) return false;
  Object.assign(item, { blob: smaller, shrunk: true });
  return true;
}
