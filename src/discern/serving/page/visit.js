// What was asked and answered in this window: a table, and the same as CSV.

import { chip } from "./answer_card.js";
import { csv } from "./csv.js";
import { $, el, icon } from "./dom.js";
import { capital, milliseconds, nameOf, percent } from "./wording.js";

const MOST_PICTURES = 200;
const HEADER = [
  "time", "picture", "decision", "label", "name", "confidence", "second_label", "second_confidence", "unknown_score",
  "route", "place", "milliseconds", "model", "version", "fingerprint", "id", "problem",
];

export class Visit {
  constructor(choose) {
    this.choose = choose;
    this.items = [];
  }

  /** Note an item that is answered or failed; its row stays where it is when it is asked again. */
  note(item, about) {
    const row = this.row(item, about);
    if (item.row) item.row.replaceWith(row);
    else {
      this.items.push(item);
      $("rows").prepend(row);
      this.letGo();
    }
    item.row = row;
    $("visit").hidden = false;
  }

  row(item, about) {
    const open = el("button", { type: "button", class: "link", onclick: () => this.choose(item), disabled: !item.url },
      item.thumb ? el("img", { src: item.thumb, alt: "", width: 40, height: 40 }) : null, el("span", {}, item.name));
    const { prediction } = item;
    const cells = prediction && item.state === "answered"
      ? [capital(prediction.name || nameOf(prediction.label, about)), chip(prediction.decision), percent(prediction.confidence), milliseconds(item.milliseconds)]
      : [item.error?.message ?? "", el("span", { class: "chip failed" }, icon("failed"), "No answer"), "", ""];
    return el("tr", {}, el("th", { scope: "row" }, open), el("td", {}, cells[0]), el("td", {}, cells[1]),
      el("td", { class: "number" }, cells[2]), el("td", { class: "number wide" }, cells[3]),
      el("td", { class: "number wide" }, item.at.toLocaleTimeString()));
  }

  /** Pictures are kept for the newest only, so that a long visit does not fill the memory; their rows stay. */
  letGo() {
    const old = this.items[this.items.length - 1 - MOST_PICTURES];
    if (!old?.url) return;
    URL.revokeObjectURL(old.url);
    Object.assign(old, { url: null, blob: null, heat: null });
    const button = old.row?.querySelector("button");
    if (button) button.disabled = true;
  }

  forget() {
    for (const item of this.items) {
      if (item.url) URL.revokeObjectURL(item.url);
      if (item.thumb) URL.revokeObjectURL(item.thumb);
    }
    this.items = [];
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

function record(item) {
  const said = item.state === "answered" ? item.prediction : null;
  if (!said) return [item.at.toISOString(), item.name, ...Array(14).fill(null), item.error?.message ?? ""];
  const second = Object.entries(said.probabilities).sort((a, b) => b[1] - a[1])[1] ?? [null, null];
  return [
    item.at.toISOString(), item.name, said.decision, said.label, said.name ?? null, said.confidence, ...second, said.unknown_score,
    said.route ?? null, said.evidence?.place ?? null, Math.round(item.milliseconds), said.model.name, said.model.version,
    said.model.fingerprint, said.id, null,
  ];
}
