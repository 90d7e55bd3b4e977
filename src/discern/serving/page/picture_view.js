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
  image.onload = () => inside.style.setProperty("--ratio", image.naturalWidth / image.naturalHeight);
  image.onerror = () => {
    inside.classList.add("empty");
    image.replaceWith(el("p", { class: "cannot-show" }, "This browser cannot show this kind of picture. It is sent all the same."));
  };
  image.src = item.url;
  inside.append(image);
  return inside;
}

/**
 * Show where the answer is seen: that stays bright and coloured, the rest goes dim and grey.
 *
 * The map's opacity is its strength; `box` says which part of the picture it belongs to, as shares of its width and
 * height. Where the picture itself cannot be shown, the map is shown alone.
 */
export function drawHeat(inside, heat) {
  inside?.querySelector(".heat")?.remove();
  inside?.classList.toggle("dim", Boolean(heat));
  if (!inside || !heat) return;
  const picture = inside.querySelector("img");
  const lit = el("img", { class: "heat", alt: "", src: picture?.src ?? heat.map });
  const [left, top, right, bottom] = heat.box;
  if (picture) {
    Object.assign(lit.style, {
      maskImage: `url("${heat.map}")`, maskRepeat: "no-repeat",
      maskSize: `${100 * (right - left)}% ${100 * (bottom - top)}%`,
      maskPosition: `${shift(left, right)}% ${shift(top, bottom)}%`,
    });
  }
  inside.append(lit);
}

/** A mask's position counts the room that it leaves, not the picture's width. */
function shift(begin, end) {
  const room = 1 - (end - begin);
  return Math.abs(room) < 1e-6 ? 0 : (100 * begin) / room;
}
