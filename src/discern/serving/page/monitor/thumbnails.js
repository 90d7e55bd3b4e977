// Small copies of stored pictures: each is fetched once, a few at a time, and shown wherever it is drawn.

import { el } from "../view/dom.js";
import { fetchPicture } from "./data.js";

const SIDE = 192;
const PARALLEL = 4;
const MAX_KEPT = 400;

/** @type {Map<string, string>} object URLs by exchange; "" while there is none. */
const urls = new Map();
/** @type {string[]} */
const queue = [];
let running = 0;

/**
 * Draw a button with a thumbnail that opens its picture.
 *
 * @param {string} id
 * @param {string} name what a screen reader says.
 */
export function thumbnail(id, name) {
  const url = urls.get(id);
  const image = el("img", { alt: "", class: "thumb-image", "data-picture": id, src: url || undefined, width: 96, height: 96 });
  if (url === undefined) load(id);
  return el("button", { type: "button", class: "thumb", "data-open": id, "aria-label": name }, image);
}

/** Forget the failures, so that they are tried again, such as with another key. */
export function retryThumbnails() {
  for (const [id, url] of urls) if (!url) urls.delete(id);
}

/** @param {string} id */
function load(id) {
  urls.set(id, "");
  queue.push(id);
  startNext();
}

function startNext() {
  if (running >= PARALLEL) return;
  const id = queue.shift();
  if (id === undefined) return;
  running += 1;
  fetchPicture(id, SIDE).then((blob) => show(id, URL.createObjectURL(blob)), () => markMissing(id)).finally(() => {
    running -= 1;
    startNext();
  });
}

/** @param {string} id @param {string} url */
function show(id, url) {
  urls.set(id, url);
  for (const image of find(id)) image.src = url;
  const [oldest] = urls.keys();
  if (urls.size > MAX_KEPT && !find(oldest).length) {
    URL.revokeObjectURL(urls.get(oldest) ?? "");
    urls.delete(oldest);
  }
}

/** @param {string} id */
function markMissing(id) {
  for (const image of find(id)) image.parentElement?.classList.add("missing");
}

/** @param {string} id @returns {HTMLImageElement[]} */
const find = (id) => [...document.querySelectorAll(`img[data-picture="${CSS.escape(id)}"]`)].filter((each) => each instanceof HTMLImageElement);
