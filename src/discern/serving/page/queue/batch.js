// The pictures that came together: their tiles, and how far they are.

import { $ } from "../view/dom.js";
import { sayTally } from "../voice/phrases.js";
import { Tiles } from "../view/tiles.js";

export class Batch {
  /** `choose(item)` is called for one that is to be seen, `cancel(items)` to ask no more, `told(items)` when all are done. */
  constructor({ choose, cancel, told }) {
    this.tiles = new Tiles(choose);
    this.told = told;
    this.items = [];
    $("batch-cancel").onclick = () => cancel(this.items);
  }

  show(items) {
    this.items = items;
    this.tiles.show(items);
    $("tally").hidden = items.length < 2;
    if (!items.length) $("batch-title").textContent = $("tally-said").textContent = "";
  }

  /** Say how far all are. */
  count() {
    if (this.items.length < 2) return;
    const open = this.items.filter((item) => item.state === "waiting" || item.state === "sending").length;
    const done = this.items.length - open;
    const said = open ? `${done} of ${this.items.length} answered` : sayTally(this.items);
    const news = !open && $("batch-title").textContent !== said;
    $("batch-title").textContent = $("tally-said").textContent = said;
    $("batch-progress").hidden = $("batch-cancel").hidden = !open;
    $("batch-progress").value = done / this.items.length;
    if (news) this.told(this.items);
  }
}
