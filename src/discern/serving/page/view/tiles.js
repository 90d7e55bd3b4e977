// Tiles: the pictures of a batch, each with its decision.

import { $, el, icon } from "./dom.js";
import { DECISIONS, isolate, predictionName } from "./text.js";

/** @import { ModelInfo } from "../api/types.js" */
/** @import { Item } from "../queue/items.js" */

/** @typedef {{ button: HTMLButtonElement, picture: HTMLElement, label: HTMLElement }} Tile */

/** @type {Record<string, string>} */
const STATES = { waiting: "Waiting", sending: "In progress", failed: "No answer", cancelled: "Cancelled" };

export class Tiles {
  /** @type {Map<Item, Tile>} */
  #tiles = new Map();

  /** @param {(item: Item) => void} choose called with the item to show. */
  constructor(choose) {
    this.choose = choose;
  }

  /** @param {Item[]} items */
  show(items) {
    this.#tiles.clear();
    $("tiles").replaceChildren(...items.map((item) => this.#add(item)));
    $("batch").hidden = items.length < 2;
  }

  /** @param {Item} item */
  #add(item) {
    const picture = el("span", { class: "thumbnail", "aria-hidden": "true" });
    const label = el("span", { class: "tile-label" });
    const button = el("button", { type: "button", class: "tile", onclick: () => this.choose(item) }, picture, label);
    this.#tiles.set(item, { button, picture, label });
    return el("li", {}, button);
  }

  /** Draw one item's tile in place. @param {Item} item @param {ModelInfo | null} info @param {Item | null} current */
  update(item, info, current) {
    const tile = this.#tiles.get(item);
    if (!tile) return;
    const kind = item.state === "answered" ? (item.prediction?.decision ?? "failed") : item.state;
    tile.button.className = `tile ${kind}`;
    tile.button.setAttribute("aria-current", String(item === current));
    tile.button.setAttribute("aria-label", `${isolate(item.name)}: ${longText(item, info)}`);
    tile.label.replaceChildren(icon(kind === "sending" || kind === "cancelled" ? "waiting" : kind), shortText(item, info));
    if (item.thumbnail && !tile.picture.firstChild) tile.picture.append(el("img", { src: item.thumbnail, alt: "" }));
  }

  /** Mark the tile of the item that is shown. @param {Item | null} current */
  mark(current) {
    for (const [item, { button }] of this.#tiles) button.setAttribute("aria-current", String(item === current));
  }
}

/** @param {Item} item @param {ModelInfo | null} info */
function longText(item, info) {
  if (item.state !== "answered" || !item.prediction) return STATES[item.state];
  return `${DECISIONS[item.prediction.decision]}, ${shortText(item, info)}`;
}

/** @param {Item} item @param {ModelInfo | null} info */
function shortText(item, info) {
  if (item.state !== "answered" || !item.prediction) return STATES[item.state];
  return item.prediction.decision === "unknown" ? "None of these" : predictionName(item.prediction, info);
}
