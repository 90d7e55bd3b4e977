// Batch: pictures that were added together, with their tiles and their progress.

import { $ } from "../view/dom.js";
import { Tiles } from "../view/tiles.js";
import { summarise } from "../voice/phrases.js";

/** @import { Item } from "./items.js" */

export class Batch {
  /** @type {Item[]} */
  items = [];

  /**
   * @param {object} actions
   * @param {(item: Item) => void} actions.choose called with the item to show.
   * @param {(items: Item[]) => void} actions.cancel
   * @param {(items: Item[]) => void} actions.onComplete called when all items are done.
   */
  constructor({ choose, cancel, onComplete }) {
    this.tiles = new Tiles(choose);
    this.onComplete = onComplete;
    $("batch-cancel").onclick = () => cancel(this.items);
  }

  /** @param {Item[]} items */
  show(items) {
    this.items = items;
    this.tiles.show(items);
    $("batch-summary").hidden = items.length < 2;
    if (!items.length) $("batch-title").textContent = $("batch-link").textContent = "";
  }

  /** Show how many items are done. */
  update() {
    if (this.items.length < 2) return;
    const open = this.items.filter((item) => item.state === "waiting" || item.state === "sending").length;
    const done = this.items.length - open;
    const text = open ? `${done} of ${this.items.length} answered` : summarise(this.items);
    const isComplete = !open && $("batch-title").textContent !== text;
    $("batch-title").textContent = $("batch-link").textContent = text;
    $("batch-progress").hidden = $("batch-cancel").hidden = !open;
    $("batch-progress").value = done / this.items.length;
    if (isComplete) this.onComplete(this.items);
  }
}
