// Where the chosen picture, or what the camera sees, stands beside its answer.

import { drawAnswer, drawCard, drawProgress } from "./answer_card.js";
import { $, el } from "./dom.js";
import { LANGUAGES } from "../voice/phrases.js";
import { drawPicture, forgetPicture } from "./picture_view.js";
import { capital } from "./text.js";

export class Stage {
  /** For a page that has `about`, `door`, `visit` and `acts(item)`. */
  constructor(page) {
    this.page = page;
    this.item = null;
    this.watching = false;
    setInterval(() => this.item && drawProgress($("answer"), this.item, page.door === "local"), 250);
  }

  show(item, { scroll = false } = {}) {
    this.watch(false);
    this.item = item;
    $("stage").hidden = $("picture").hidden = false;
    $("camera").hidden = true;
    this.draw();
    if (scroll) $("stage").scrollIntoView({ block: "nearest" });
  }

  draw() {
    const { item, page } = this;
    if (!item || this.watching) return;
    const id = $("answer").contains(document.activeElement) ? document.activeElement.id || "none" : "";
    drawPicture($("picture"), item, { sent: page.door === "server" || page.door === "remote" });
    drawAnswer($("answer"), item, item.about ?? page.about, page.acts(item));
    // Who had the focus on a button that is gone is led to the answer.
    if (id && !$("answer").contains(document.activeElement)) ($(id) ?? $("answer").querySelector("h2"))?.focus();
  }

  showCamera() {
    this.watch(true);
    this.item = null;
    document.body.classList.add("asked");
    $("stage").hidden = $("camera").hidden = false;
    $("picture").hidden = $("batch").hidden = true;
    drawCard($("answer"), "camera", [el("h2", { class: "headline waiting" }, "Point the camera at something"),
      el("p", { class: "note" }, "Take the picture, or let me answer as you move.")]);
    $("stage").scrollIntoView({ block: "nearest" });
  }

  hideCamera() {
    const last = this.page.visit.items.at(-1);
    if (last) this.page.choose(last);
    else this.clear();
    $("camera-open").focus();
  }

  showLive({ prediction, milliseconds, place, about }) {
    const where = place ? `${capital(LANGUAGES.en[place])}.` : "";
    drawAnswer($("answer"), { id: "live", state: "answered", prediction, milliseconds, where }, about, {});
  }

  watch(on) {
    this.watching = on;
    $("stage").classList.toggle("watching", on);
  }

  clear() {
    this.watch(false);
    this.item = null;
    forgetPicture($("picture"));
    drawCard($("answer"), "", []);
    $("stage").hidden = true;
    document.body.classList.remove("asked");
  }
}
