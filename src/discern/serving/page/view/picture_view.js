// The picture as large as fits, and over it where its answer is seen.

import { el } from "./dom.js";
import { upright } from "../decode/downscale.js";

let url = "";

/**
 * Show an item's picture in `place`, or what is left of it.
 *
 * A picture that this browser cannot draw is said to be one; `sent` is whether somebody else is asked about it.
 */
export function drawPicture(place, item, { sent }) {
  const whole = String(Boolean(item.blob));
  if (place.dataset.item !== String(item.id) || place.dataset.whole !== whole) {
    Object.assign(place.dataset, { item: item.id, whole });
    place.replaceChildren(item.blob ? frame(item, sent) : rest(item), el("figcaption", {}, item.name));
  }
  drawHeat(place.querySelector(".frame"), item.blob ? item.heat : null);
}

function frame(item, sent) {
  const inside = el("div", { class: "frame" });
  const image = el("img", { alt: `Your picture: ${item.name}` });
  image.onload = () => {
    inside.style.setProperty("--ratio", image.naturalWidth / image.naturalHeight);
    drawHeat(inside, item.heat);
  };
  image.onerror = () => {
    inside.classList.add("empty");
    const words = `This browser cannot show this kind of picture.${sent ? " It is sent all the same." : ""}`;
    image.replaceWith(el("p", { class: "cannot-show" }, words));
    drawHeat(inside, item.heat);
  };
  inside.append(image);
  load(image, item.blob);
  return inside;
}

/** Only the picture that is shown has an address, so that none keeps its bytes in memory for ever. */
async function load(image, blob) {
  const shown = await upright(blob);
  if (!image.isConnected) return;
  URL.revokeObjectURL(url);
  image.src = url = URL.createObjectURL(shown);
}

/** Let nothing of a picture stay in `place`. */
export function forgetPicture(place) {
  place.replaceChildren();
  for (const name of ["item", "whole"]) delete place.dataset[name];
  URL.revokeObjectURL(url);
  url = "";
}

function rest(item) {
  const inside = el("div", { class: "frame empty" });
  const small = item.thumb ? el("img", { class: "small", alt: `A small copy of your picture: ${item.name}`, src: item.thumb }) : null;
  inside.append(small ?? "", el("p", { class: small ? "aside" : "cannot-show" }, "The picture itself is no longer kept."));
  return inside;
}

/**
 * Show where the answer is seen: that stays bright and coloured, the rest goes dim and grey.
 *
 * The map's opacity is its strength; `box` says which part of the picture it belongs to, as shares of its width and
 * height. Where the picture itself cannot be shown, the map is shown alone; where it is not there yet, it brings the
 * map with it.
 */
export function drawHeat(inside, heat) {
  inside?.querySelector(".heat")?.remove();
  const picture = inside?.querySelector("img");
  const drawn = Boolean(heat) && (!picture || picture.naturalWidth > 0);
  inside?.classList.toggle("dim", drawn);
  if (!inside || !drawn) return;
  const lit = el("img", { class: "heat", alt: "", src: picture ? picture.src : heat.map });
  if (picture) Object.assign(lit.style, maskOf(heat));
  inside.append(lit);
}

/** The styles that let only that part of a whole picture be seen where its answer is. */
export function maskOf({ map, box: [left, top, right, bottom] }) {
  return {
    maskImage: `url("${map}")`, maskRepeat: "no-repeat",
    maskSize: `${100 * (right - left)}% ${100 * (bottom - top)}%`,
    maskPosition: `${shift(left, right)}% ${shift(top, bottom)}%`,
  };
}

/** A mask's position counts the room that it leaves, not the picture's width. */
function shift(begin, end) {
  const room = 1 - (end - begin);
  return Math.abs(room) < 1e-6 ? 0 : (100 * begin) / room;
}
