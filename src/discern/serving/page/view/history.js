// History of this session: what was asked and answered in this window, as a table and as CSV.

import { decisionChip } from "./answer_card.js";
import { formatCsv } from "./csv.js";
import { $, el, icon } from "./dom.js";
import { patch } from "./dom_patch.js";
import { capitalise, formatDuration, percent, predictionName } from "./text.js";

/** @import { ModelInfo, Prediction } from "../api/types.js" */
/** @import { Item } from "../queue/items.js" */

const MAX_PICTURES = 200;
const MAX_ROWS = 1000;
const MAX_RECORDS = 20_000;
const HEADER = [
  "time", "picture", "decision", "label", "name", "confidence", "second_label", "second_confidence", "unknown_score",
  "route", "place", "milliseconds", "model", "version", "fingerprint", "id", "problem", "looks_like", "set", "order_value",
];

export class History {
  /** @type {Item[]} */
  items = [];
  #session = 0;

  /**
   * @param {object} actions
   * @param {(item: Item) => void} actions.choose called with the item to show.
   * @param {() => Item | null} actions.shown returns the item that is shown.
   */
  constructor(actions) {
    this.actions = actions;
  }

  /** Assign items to this session, until it is cleared. @param {Item[]} items */
  admit(items) {
    for (const item of items) item.session = this.#session;
  }

  /** Return true for an item that was admitted and not cleared since. @param {Item} item */
  contains(item) {
    return item.session === this.#session;
  }

  /**
   * Record an answered or failed item; its row stays where it is when it is tried again.
   *
   * @param {Item} item
   * @param {ModelInfo | null} info
   */
  record(item, info) {
    if (!item.isRecorded) {
      item.isRecorded = true;
      item.row = el("tr", { role: "row" });
      this.items.push(item);
      $("rows").prepend(item.row);
      this.#releaseOld();
    }
    this.drawRow(item, info);
    $("history").hidden = false;
  }

  /**
   * Draw an item's row in place, if it has one: the keyboard and screen readers keep their position.
   *
   * @param {Item} item
   * @param {ModelInfo | null} info
   */
  drawRow(item, info) {
    if (item.row) patch(item.row, this.#cells(item, info));
  }

  /** Handle that an item's thumbnail is ready. @param {Item} item @param {ModelInfo | null} info */
  showThumbnail(item, info) {
    if (item.row) this.drawRow(item, info);
    else if (item.isRecorded) item.thumbnail = null;
  }

  /** @param {Item} item @param {ModelInfo | null} info */
  #cells(item, info) {
    const image = item.thumbnail && el("img", { src: item.thumbnail, alt: "", width: 40, height: 40 });
    const open = el("button", { type: "button", class: "link", onclick: () => this.actions.choose(item) }, image, el("span", {}, item.name));
    const { prediction } = item;
    const [answer, decision, confidence, duration] = prediction && item.state === "answered"
      ? [...answerCells(prediction, info), formatDuration(item.milliseconds ?? 0)]
      : [item.error?.message ?? "", el("span", { class: "chip failed" }, icon("failed"), "No answer"), "", ""];
    // Where rows are drawn as cards, browsers forget that they are rows.
    const cell = (/** @type {string | Node} */ content, kind = "") => el("td", { role: "cell", class: kind }, content);
    return [el("th", { scope: "row", role: "rowheader" }, open), cell(answer, "answer"), cell(decision),
      cell(confidence, "number confidence"), cell(duration, "number wide"), cell(item.at.toLocaleTimeString(), "number wide")];
  }

  /** Bound the memory: the newest items keep everything, older ones their row, still older ones only their record. */
  #releaseOld() {
    const isNeeded = (/** @type {Item} */ item) =>
      item.state === "waiting" || item.state === "sending" || item === this.actions.shown();
    for (const item of this.items.slice(-1 - MAX_ROWS, -MAX_PICTURES)) if (!isNeeded(item)) releasePicture(item);
    const old = this.items.at(-1 - MAX_ROWS);
    if (!old) return;
    old.row?.remove();
    Object.assign(old, { row: null, thumbnail: null });
    if (this.items.length > MAX_RECORDS) this.items.shift();
    const all = this.items.length < MAX_RECORDS ? `all ${this.items.length}` : `the newest ${MAX_RECORDS}`;
    $("history-note").textContent = `Newest first. These are the last ${MAX_ROWS}; the CSV has ${all}.`;
  }

  clear() {
    this.#session += 1;
    this.items = [];
    $("history-note").textContent = "Newest first.";
    $("rows").replaceChildren();
    $("history").hidden = true;
  }

  toCsv() {
    return formatCsv(HEADER, this.items.map(csvRow));
  }

  download() {
    const url = URL.createObjectURL(new Blob([this.toCsv()], { type: "text/csv;charset=utf-8" }));
    const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
    el("a", { href: url, download: `discern-${stamp}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }
}

/**
 * Answer, decision and confidence; for an unknown picture there is no confidence in what it resembles.
 *
 * @param {Prediction} prediction
 * @param {ModelInfo | null} info
 */
function answerCells(prediction, info) {
  const { decision, confidence } = prediction;
  if (decision === "unknown") return ["None of these", decisionChip(decision), ""];
  return [capitalise(predictionName(prediction, info)), decisionChip(decision), percent(confidence)];
}

/** @param {Item} item */
function releasePicture(item) {
  Object.assign(item, { blob: null, heatmap: null });
  if (item.prediction?.evidence) item.prediction.evidence.map = "";
}

/** @param {Item} item @returns {unknown[]} */
function csvRow(item) {
  const answer = item.state === "answered" ? item.prediction : null;
  if (!answer) return [item.at.toISOString(), item.name, ...Array(14).fill(null), item.error?.message ?? "", null, null, null];
  const second = Object.entries(answer.probabilities).sort((a, b) => b[1] - a[1])[1] ?? [null, null];
  return [
    item.at.toISOString(), item.name, answer.decision, answer.label, answer.name ?? null, answer.confidence, ...second, answer.unknown_score,
    answer.route ?? null, answer.evidence?.place ?? null, Math.round(item.milliseconds ?? 0), answer.model.name, answer.model.version,
    answer.model.fingerprint, answer.id, null, answer.looks_like ?? null, answer.set ? JSON.stringify(answer.set) : null, answer.order_value ?? null,
  ];
}
