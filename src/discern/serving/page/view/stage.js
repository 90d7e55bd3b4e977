// Stage: the chosen picture, or the viewfinder, beside its answer.

import { LANGUAGES } from "../voice/phrases.js";
import { drawAnswer, drawCard, drawProgress } from "./answer_card.js";
import { $, el } from "./dom.js";
import { clearPicture, drawPicture } from "./picture_view.js";
import { capitalise } from "./text.js";

/** @import { ModelInfo, Place, Prediction } from "../api/types.js" */
/** @import { Item } from "../queue/items.js" */
/** @import { CardActions } from "./answer_card.js" */
/** @import { History } from "./history.js" */

/**
 * @typedef {object} StagePage the page, as far as the stage uses it.
 * @property {ModelInfo | null} modelInfo
 * @property {"server" | "remote" | "local" | undefined} apiKind
 * @property {History} history
 * @property {(item: Item) => CardActions} actions
 * @property {(item: Item) => void} choose
 */

const PROGRESS_INTERVAL = 250;

export class Stage {
  /** @type {Item | null} */
  item = null;
  #showsCamera = false;

  /** @param {StagePage} page */
  constructor(page) {
    this.page = page;
    setInterval(() => this.item && drawProgress($("answer"), this.item, { isLocal: page.apiKind === "local" }), PROGRESS_INTERVAL);
  }

  /** @param {Item} item @param {{ scroll?: boolean }} [options] */
  show(item, { scroll = false } = {}) {
    this.#setCamera(false);
    this.item = item;
    $("stage").hidden = $("picture").hidden = false;
    $("camera").hidden = true;
    this.draw();
    if (scroll) $("stage").scrollIntoView({ block: "nearest" });
  }

  draw() {
    const { item, page } = this;
    if (!item || this.#showsCamera) return;
    const focused = $("answer").contains(document.activeElement) ? document.activeElement : null;
    drawPicture($("picture"), item, { isSent: page.apiKind === "server" || page.apiKind === "remote" });
    drawAnswer($("answer"), item, item.modelInfo ?? page.modelInfo, page.actions(item));
    // Where the focused button is gone, the focus moves to the answer.
    if (!focused || $("answer").contains(document.activeElement)) return;
    const successor = document.getElementById(focused.id || "none") ?? $("answer").querySelector("h2");
    successor?.focus();
  }

  showCamera() {
    this.#setCamera(true);
    this.item = null;
    document.body.classList.add("has-pictures");
    $("stage").hidden = $("camera").hidden = false;
    $("picture").hidden = $("batch").hidden = true;
    drawCard($("answer"), "camera", [el("h2", { class: "headline waiting" }, "Point the camera at something"),
      el("p", { class: "note" }, "Take a picture, or turn on live answers.")]);
    $("stage").scrollIntoView({ block: "nearest" });
  }

  hideCamera() {
    const last = this.page.history.items.at(-1);
    if (last) this.page.choose(last);
    else this.clear();
    $("camera-open").focus();
  }

  /**
   * @param {{ prediction: Prediction, milliseconds: number, place: Place | null, modelInfo: ModelInfo | null }} answer
   */
  showLive({ prediction, milliseconds, place, modelInfo }) {
    const location = place ? `${capitalise(LANGUAGES.en[place])}.` : "";
    drawAnswer($("answer"), { id: "live", state: "answered", prediction, milliseconds, location }, modelInfo, {});
  }

  /** @param {boolean} on */
  #setCamera(on) {
    this.#showsCamera = on;
    $("stage").classList.toggle("with-camera", on);
  }

  clear() {
    this.#setCamera(false);
    this.item = null;
    clearPicture($("picture"));
    drawCard($("answer"), "", []);
    $("stage").hidden = true;
    document.body.classList.remove("has-pictures");
  }
}
