// Dialog that shows one captured picture with its answer.

import { asApiError } from "../api/api_error.js";
import { decisionChip } from "../view/answer_card.js";
import { $, el } from "../view/dom.js";
import { timeText } from "./confidence_chart.js";
import { fetchJson, fetchPicture } from "./data.js";
import { durationText, shareText, valueText } from "./wording.js";

/** @import { Exchange } from "./data.js" */

const SIDE = 1200;

export class PictureDialog {
  /** @type {string | null} */
  #id = null;
  #url = "";
  /** @type {Map<string, string>} */
  #names = new Map();

  /**
   * @param {object} options
   * @param {(id: string, step: number) => string | null} options.neighbour
   * @param {(id: string) => void} options.onShow
   */
  constructor({ neighbour, onShow }) {
    this.neighbour = neighbour;
    this.onShow = onShow;
    $("picture-previous").onclick = () => this.#step(-1);
    $("picture-next").onclick = () => this.#step(1);
    $("picture-dialog").addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft") this.#step(-1);
      if (event.key === "ArrowRight") this.#step(1);
    });
    $("picture-dialog").addEventListener("close", () => this.#release());
  }

  /** @param {Map<string, string>} names names of the labels. */
  setNames(names) {
    this.#names = names;
  }

  /** Show a picture. @param {string} id */
  async show(id) {
    this.#id = id;
    this.onShow(id);
    $("picture-title").textContent = "Picture";
    if (!$("picture-dialog").open) {
      $("picture-content").replaceChildren(el("p", { class: "aside" }, "One moment."));
      $("picture-dialog").showModal();
    }
    for (const [button, step] of /** @type {const} */ ([["picture-previous", -1], ["picture-next", 1]])) {
      $(button).toggleAttribute("disabled", this.neighbour(id, step) === null);
    }
    try {
      const exchange = await fetchJson(`monitor/exchanges/${id}`);
      const blob = exchange.has_picture ? await fetchPicture(id, SIDE) : null;
      if (this.#id === id) this.#draw(exchange, blob);
    } catch (thrown) {
      const { message, hint } = asApiError(thrown, "");
      if (this.#id === id) $("picture-content").replaceChildren(el("p", { role: "alert" }, `${message} ${hint}`));
    }
  }

  /** @param {Exchange} exchange @param {Blob | null} blob */
  #draw(exchange, blob) {
    this.#release();
    this.#id = exchange.id;
    const name = this.#name(exchange.label);
    $("picture-title").textContent = exchange.decision === "unknown" ? "Unknown" : `${name}, ${shareText(exchange.confidence)}`;
    if (blob) this.#url = URL.createObjectURL(blob);
    const picture = blob
      ? el("img", { class: "large-picture", src: this.#url, alt: `Captured picture, answered as ${name}` })
      : el("p", { class: "cannot-show" }, "The picture itself is not kept.");
    $("picture-content").replaceChildren(picture, decisionChip(exchange.decision), this.#facts(exchange));
  }

  /** @param {Exchange} exchange */
  #facts(exchange) {
    const likely = exchange.probabilities.map(([label, probability]) => `${this.#name(label)} ${shareText(probability)}`).join(", ");
    const truth = exchange.truth === null ? "not known" : `${this.#name(exchange.truth)}${exchange.is_new ? " (a new class)" : ""}`;
    /** @type {[string, string][]} */
    const facts = [
      ["Time", timeText(exchange.time)], ["Probabilities", likely], ["True label", truth], ["Unknown score", valueText(exchange.unknown_score)],
      ["Size", `${exchange.size[0]} × ${exchange.size[1]} pixels`], ["Answered in", durationText(exchange.seconds)], ["Id", exchange.id],
    ];
    if (exchange.client_id) facts.push(["Client’s id", exchange.client_id]);
    return el("dl", { class: "facts" }, ...facts.flatMap(([term, text]) => [el("dt", {}, term), el("dd", {}, text)]));
  }

  /** @param {string} label */
  #name(label) {
    return this.#names.get(label) ?? label;
  }

  /** @param {number} step */
  #step(step) {
    const next = this.#id === null ? null : this.neighbour(this.#id, step);
    if (next) this.show(next);
  }

  #release() {
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = "";
    this.#id = null;
  }
}
