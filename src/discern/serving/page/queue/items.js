// Items: the pictures of this session, from their arrival on.

import { ApiError } from "../api/api_error.js";
import { downscale, makeThumbnail } from "../decode/downscale.js";

/** @import { Evidence, Limits, ModelInfo, Prediction } from "../api/types.js" */
/** @import { Facing } from "../camera/camera.js" */

/**
 * @typedef {object} Item
 * @property {number} id
 * @property {Blob | null} blob null once the picture has been released.
 * @property {string} name
 * @property {"waiting" | "sending" | "answered" | "failed" | "cancelled"} state
 * @property {Date} at
 * @property {string} [origin] how it arrived.
 * @property {Facing} [facing]
 * @property {boolean} [evidence] request evidence with the prediction.
 * @property {ModelInfo | null} [modelInfo] the model that is asked.
 * @property {Prediction} [prediction]
 * @property {number} [milliseconds]
 * @property {ApiError | null} [error]
 * @property {number} [tries]
 * @property {number} [since] when the state began.
 * @property {number} [progress] share of the upload that is done.
 * @property {AbortController} [abort]
 * @property {string | null} [thumbnail]
 * @property {boolean} [isDownscaled]
 * @property {boolean} [isDownscaling]
 * @property {Evidence | null} [heatmap] the evidence that is shown.
 * @property {string} [heatmapStatus]
 * @property {boolean} [isHeatmapLoading]
 * @property {string} [correctionNote] what was noted about the answer.
 * @property {number} [session] number of the session that it belongs to.
 * @property {boolean} [isRecorded]
 * @property {HTMLTableRowElement | null} [row]
 */

let count = 0;

/**
 * @param {Blob} blob
 * @param {string} name
 * @param {Partial<Item>} [more]
 * @returns {Item}
 */
export function makeItem(blob, name, more = {}) {
  count += 1;
  return { id: count, blob, name: name || `Picture ${count}`, state: "waiting", at: new Date(), ...more };
}

export function captureName() {
  return `Camera, ${new Date().toLocaleTimeString()}`;
}

let previous = Promise.resolve();

/**
 * Add an item's thumbnail, one after the other: a hundred large pictures at once would fill the memory.
 *
 * @param {Item} item
 * @param {() => void} onDone
 */
export function addThumbnail(item, onDone) {
  previous = addThumbnailAfter(previous, item, item.blob, onDone);
}

/** @param {Promise<void>} before @param {Item} item @param {Blob | null} blob @param {() => void} onDone */
async function addThumbnailAfter(before, item, blob, onDone) {
  await before;
  const thumbnail = blob && (await makeThumbnail(blob));
  Object.assign(item, { thumbnail });
  if (thumbnail) onDone();
}

/** Reject what the server would reject, before it is sent. @param {Blob} blob @param {Limits} limits */
export function requireSize(blob, limits) {
  if (!limits.bytes || blob.size <= limits.bytes) return;
  const message = `It has ${megabytes(blob.size)}; the server accepts at most ${megabytes(limits.bytes)}.`;
  throw new ApiError("too_large", message, "I can send a smaller copy, which looks the same.");
}

/** @param {number} bytes */
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)}\u202fMB`;

/**
 * Replace an item's picture by a smaller copy, and return whether that worked.
 *
 * @param {Item} item
 * @param {Limits} [limits]
 */
export async function downscaleItem(item, limits) {
  const copy = item.blob && (await downscale(item.blob, limits?.bytes));
  if (!copy) return false;
  Object.assign(item, { blob: copy, isDownscaled: true });
  return true;
}
