// What was asked and answered in this window: a table, and the same as CSV.

import { chip } from "./answer_card.js";
import { csv } from "./csv.js";
import { $, el, icon } from "./dom.js";
import { patch } from "./dom_patch.js";
import { capital, milliseconds, nameIn, percent } from "./text.js";

const PICTURES = 200;
const ROWS = 1000;
const RECORDS = 20_000;
const HEADER = [
  "time", "picture", "decision", "label", "name", "confidence", "second_label", "second_confidence", "unknown_score",
  "route", "place", "milliseconds", "model", "version", "fingerprint", "id", "problem", "looks_like", "set", "order_value",
];

/** The list; `choose(item)` is called for one that is to be seen, `shown()` gives the one that is. */
export class Visit {
  constructor({ choose, shown }) {
    Object.assign(this, { choose, shown });
    this.number = 0;
    this.items = [];
  }

  /** Let items belong to this visit, until it is forgotten. */
  admit(items) {
    for (const item of items) item.visit = this.number;
  }

  /** Whether an item has not been forgotten since it came. */
  holds(item) {
    return item.visit === this.number;
  }

  /** Note an item that is answered or failed; its row stays where it is when it is asked again. */
  note(item, about) {
    if (!item.noted) {
      item.noted = true;
      item.row = el("tr", { role: "row" });
      this.items.push(item);
      $("rows").prepend(item.row);
      this.letGo();
    }
    this.draw(item, about);
    $("visit").hidden = false;
  }

  /** Draw an item's row anew, if it has one: who stands there, with the keyboard or a screen reader, goes on standing there. */
  draw(item, about) {
    if (item.row) patch(item.row, this.cells(item, about));
  }

  /** An item's thumbnail has come. */
  illustrate(item, about) {
    if (item.row) this.draw(item, about);
    else if (item.noted) item.thumb = null;
  }

  cells(item, about) {
    const open = el("button", { type: "button", class: "link", onclick: () => this.choose(item) },
      item.thumb ? el("img", { src: item.thumb, alt: "", width: 40, height: 40 }) : null, el("span", {}, item.name));
    const { prediction } = item;
    const cells = prediction && item.state === "answered"
      ? [...answerCells(prediction, about), milliseconds(item.milliseconds)]
      : [item.error?.message ?? "", el("span", { class: "chip failed" }, icon("failed"), "No answer"), "", ""];
    // Where rows are drawn as cards, browsers forget that they are rows.
    const cell = (said, kind = "") => el("td", { role: "cell", class: kind }, said);
    return [el("th", { scope: "row", role: "rowheader" }, open), cell(cells[0], "answer"), cell(cells[1]),
      cell(cells[2], "number sure"), cell(cells[3], "number wide"), cell(item.at.toLocaleTimeString(), "number wide")];
  }

  /** A long visit does not fill the memory: of the newest all is kept, of older ones the row, of still older ones the record. */
  letGo() {
    const needed = (item) => item.state === "waiting" || item.state === "sending" || item === this.shown();
    for (const item of this.items.slice(-1 - ROWS, -PICTURES)) if (!needed(item)) letPictureGo(item);
    const old = this.items.at(-1 - ROWS);
    if (!old) return;
    old.row.remove();
    Object.assign(old, { row: null, thumb: null });
    if (this.items.length > RECORDS) this.items.shift();
    const all = this.items.length < RECORDS ? `all ${this.items.length}` : `the newest ${RECORDS}`;
    $("visit-said").textContent = `Newest first. These are the last ${ROWS}; the CSV has ${all}.`;
  }

  forget() {
    this.number += 1;
    this.items = [];
    $("visit-said").textContent = "Newest first.";
    $("rows").replaceChildren();
    $("visit").hidden = true;
  }

  csv() {
    return csv(HEADER, this.items.map(record));
  }

  download() {
    const url = URL.createObjectURL(new Blob([this.csv()], { type: "text/csv;charset=utf-8" }));
    const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
    el("a", { href: url, download: `discern-${stamp}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }
}

/** What is answered, and how sure that is; of a stranger nobody is sure that it is what it looks like. */
function answerCells(prediction, about) {
  const { decision, confidence } = prediction;
  if (decision === "unknown") return ["None of these", chip(decision), ""];
  return [capital(nameIn(prediction, about)), chip(decision), percent(confidence)];
}

function letPictureGo(item) {
  Object.assign(item, { blob: null, heat: null });
  if (item.prediction?.evidence) item.prediction.evidence.map = "";
}

function record(item) {
  const said = item.state === "answered" ? item.prediction : null;
  if (!said) return [item.at.toISOString(), item.name, ...Array(14).fill(null), item.error?.message ?? "", null, null, null];
  const second = Object.entries(said.probabilities).sort((a, b) => b[1] - a[1])[1] ?? [null, null];
  return [
    item.at.toISOString(), item.name, said.decision, said.label, said.name ?? null, said.confidence, ...second, said.unknown_score,
    said.route ?? null, said.evidence?.place ?? null, Math.round(item.milliseconds), said.model.name, said.model.version,
    said.model.fingerprint, said.id, null, said.looks_like ?? null, said.set ? JSON.stringify(said.set) : null, said.order_value ?? null,
  ];
}
