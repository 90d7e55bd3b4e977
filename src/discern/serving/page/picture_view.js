// The picture as large as fits, and over it where its answer is seen.

import { el } from "./dom.js";

/** Show an item's picture in `place`; a picture that this browser cannot draw is said to be one. */
export function drawPicture(place, item) {
  if (place.dataset.item !== String(item.id)) {
    place.dataset.item = item.id;
    place.replaceChildren(frame(item), el("figcaption", {}, item.name));
  }
  drawHeat(place.querySelector(".frame"), item.heat);
}

function frame(item) {
  const inside = el("div", { class: "frame" });
  const image = el("img", { alt: `Your picture: ${item.name}` });
  image.onerror = () => inside.replaceChildren(cannotShow());
  image.src = item.url;
  inside.append(image);
  return inside;
}

function cannotShow() {
  return el("p", { class: "cannot-show" }, "This browser cannot show this kind of picture. It is sent all the same.");
}

/** Lay a map over the part of the picture that it belongs to; `box` is given as shares of width and height. */
export function drawHeat(inside, heat) {
  inside?.querySelector(".heat")?.remove();
  if (!inside || !heat) return;
  const [left, top, right, bottom] = heat.box;
  const map = el("img", { class: "heat", alt: "", src: heat.map });
  Object.assign(map.style, {
    left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * (right - left)}%`, height: `${100 * (bottom - top)}%`,
  });
  inside.append(map);
}
