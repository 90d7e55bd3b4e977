// The picture as large as it fits, with the heatmap over it.

import { uprightCopy } from "../decode/downscale.js";
import { el } from "./dom.js";

/** @import { Evidence } from "../api/types.js" */
/** @import { Item } from "../queue/items.js" */

let url = "";

/**
 * Show an item's picture in `container`, or its thumbnail once the picture has been released.
 *
 * @param {HTMLElement} container
 * @param {Item} item
 * @param {{ isSent: boolean }} options `isSent`: a server answers, which may open what this browser cannot show.
 */
export function drawPicture(container, item, { isSent }) {
  const whole = String(Boolean(item.blob));
  if (container.dataset.item !== String(item.id) || container.dataset.whole !== whole) {
    Object.assign(container.dataset, { item: item.id, whole });
    const frame = item.blob ? drawFrame(item, item.blob, isSent) : drawReleased(item);
    container.replaceChildren(frame, el("figcaption", {}, item.name));
  }
  drawHeatmap(container.querySelector(".frame"), item.blob ? item.heatmap : null);
}

/** @param {Item} item @param {Blob} blob @param {boolean} isSent */
function drawFrame(item, blob, isSent) {
  const frame = el("div", { class: "frame" });
  const image = el("img", { alt: `Your picture: ${item.name}` });
  image.onload = () => {
    frame.style.setProperty("--ratio", String(image.naturalWidth / image.naturalHeight));
    drawHeatmap(frame, item.heatmap);
  };
  image.onerror = () => {
    frame.classList.add("empty");
    const text = `This browser cannot show pictures in this format.${isSent ? " It is sent anyway." : ""}`;
    image.replaceWith(el("p", { class: "cannot-show" }, text));
    drawHeatmap(frame, item.heatmap);
  };
  frame.append(image);
  loadImage(image, blob);
  return frame;
}

/**
 * Load the picture; only the one that is shown has an object URL, so that no other stays in memory.
 *
 * @param {HTMLImageElement} image
 * @param {Blob} blob
 */
async function loadImage(image, blob) {
  const upright = await uprightCopy(blob);
  if (!image.isConnected) return;
  URL.revokeObjectURL(url);
  image.src = url = URL.createObjectURL(upright);
}

/** Remove every trace of a picture. @param {HTMLElement} container */
export function clearPicture(container) {
  container.replaceChildren();
  delete container.dataset.item;
  delete container.dataset.whole;
  URL.revokeObjectURL(url);
  url = "";
}

/** @param {Item} item */
function drawReleased(item) {
  const { thumbnail } = item;
  const image = thumbnail && el("img", { class: "small", alt: `A small copy of your picture: ${item.name}`, src: thumbnail });
  const note = el("p", { class: image ? "aside" : "cannot-show" }, "The full picture is no longer kept.");
  return el("div", { class: "frame empty" }, image, note);
}

/**
 * Show where the answer is seen: that part stays bright and coloured, the rest goes dim and grey.
 *
 * Where the picture itself cannot be shown, the map is shown alone; while it is still loading, nothing is drawn.
 *
 * @param {HTMLElement | null} frame
 * @param {Evidence | null | undefined} evidence
 */
export function drawHeatmap(frame, evidence) {
  if (!frame) return;
  frame.querySelector(".heatmap")?.remove();
  const picture = frame.querySelector("img");
  const isDrawn = Boolean(evidence) && (!picture || picture.naturalWidth > 0);
  frame.classList.toggle("dim", isDrawn);
  if (!evidence || !isDrawn) return;
  const heatmap = el("img", { class: "heatmap", alt: "", src: picture ? picture.src : evidence.map });
  if (picture) Object.assign(heatmap.style, maskStyle(evidence));
  frame.append(heatmap);
}

/** Styles that leave only that part of a picture visible where the answer is seen. @param {Evidence} evidence */
export function maskStyle({ map, box: [left, top, right, bottom] }) {
  return {
    maskImage: `url("${map}")`, maskRepeat: "no-repeat",
    maskSize: `${100 * (right - left)}% ${100 * (bottom - top)}%`,
    maskPosition: `${maskOffset(left, right)}% ${maskOffset(top, bottom)}%`,
  };
}

/**
 * A mask's position is in shares of the room that it leaves, not of the picture's width.
 *
 * @param {number} start
 * @param {number} end
 */
function maskOffset(start, end) {
  const room = 1 - (end - start);
  return Math.abs(room) < 1e-6 ? 0 : (100 * start) / room;
}
