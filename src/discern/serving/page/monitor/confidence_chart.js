// Confidence over time: each mark is a picture, which a click or the keyboard opens; the thresholds are drawn.

import { $, el } from "../view/dom.js";
import { patch } from "../view/dom_patch.js";
import { mark, scale, steps, svg } from "./svg.js";
import { dayTicks, gridLines, legend } from "./traffic_chart.js";
import { countText, DECISIONS, seconds, shareText, valueText } from "./wording.js";

/** @import { Figures, Points } from "./data.js" */

/** @typedef {"confidence" | "unknown_score"} Shown */
/** @typedef {{ x: (time: number) => number, y: (value: number) => number, width: number }} Frame */

const HEIGHT = 280;
const MARGIN = { left: 44, right: 8, top: 14, bottom: 24 };
const REACH = 28;
const JUMP = 20;
const MAX_ROWS = 50;

export class ConfidenceChart {
  /** @type {Figures | null} */
  #figures = null;
  /** @type {Shown} */
  #shown = "confidence";
  /** Identifier of the mark that the keyboard or the pointer is at. @type {string | null} */
  #current = null;
  /** @type {Frame | null} */
  #frame = null;

  /** @param {(id: string) => void} open called with the exchange whose picture is to be shown. */
  constructor(open) {
    this.open = open;
    const chart = $("confidence-chart");
    chart.addEventListener("keydown", (event) => this.#handleKey(event));
    chart.addEventListener("pointermove", (event) => this.#moveTo(event));
    chart.addEventListener("click", (event) => {
      this.#moveTo(event);
      if (this.#current && this.#nearest(event) !== null) this.open(this.#current);
    });
    chart.addEventListener("focus", () => this.#select(this.#index() < 0 ? this.#points.id.length - 1 : this.#index()));
    $("show-confidence").onclick = () => this.#show("confidence");
    $("show-unknown").onclick = () => this.#show("unknown_score");
  }

  /** @returns {Points} */
  get #points() {
    return this.#figures?.points ?? { number: [], time: [], id: [], label: [], decision: [], truth: [], confidence: [], unknown_score: [], seconds: [] };
  }

  /** @param {Figures} figures */
  draw(figures) {
    this.#figures = figures;
    const { id, time } = this.#points;
    const width = Math.max(260, $("confidence-chart").clientWidth);
    const values = this.#points[this.#shown].filter((each) => each !== null);
    const line = this.#threshold();
    const ticks = this.#shown === "confidence" ? quarters(Math.min(line ?? 1, ...values)) : fineSteps(Math.max(line ?? 0, ...values));
    const [begin, end] = time.length ? [time[0], Math.max(time[time.length - 1], time[0] + 60)] : [figures.now - 3600, figures.now];
    const x = scale([begin, end], [MARGIN.left + 8, width - MARGIN.right - 8]);
    const y = scale([ticks[0], ticks[ticks.length - 1]], [HEIGHT - MARGIN.bottom, MARGIN.top]);
    this.#frame = { x, y, width };
    const text = this.#shown === "confidence" ? shareText : valueText;
    const root = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, "aria-hidden": "true" });
    root.append(...gridLines(ticks, y, width, text), ...dayTicks(begin, end, x, width, HEIGHT), svg("g", { class: "marks" }, ...this.#marks()), ...this.#lines(line, [begin, end]), svg("g", { class: "chosen" }));
    patch($("confidence-chart"), [root]);
    $("confidence-chart").setAttribute("aria-valuemax", String(Math.max(0, id.length - 1)));
    patch($("confidence-legend"), this.#legend(line));
    this.#showCurrent();
    patch($("newest-rows"), this.#rows());
  }

  #threshold() {
    const { thresholds } = this.#figures?.model ?? { thresholds: { accept: null, unknown: null } };
    return this.#shown === "confidence" ? thresholds.accept : thresholds.unknown;
  }

  #marks() {
    const { id, time, decision } = this.#points;
    const { x, y } = /** @type {Frame} */ (this.#frame);
    return id.flatMap((each, index) => {
      const found = this.#points[this.#shown][index];
      return found === null ? [] : [mark(decision[index], x(time[index]), y(found), { "data-id": each })];
    });
  }

  /**
   * Draw the threshold, and when the first alarm began.
   *
   * @param {number | null} line
   * @param {[number, number]} span
   */
  #lines(line, [begin, end]) {
    const { x, y, width } = /** @type {Frame} */ (this.#frame);
    const alarm = Math.min(...(this.#figures?.look?.look?.alarms ?? []).map(({ since }) => seconds(since)).filter(Number.isFinite));
    return [
      ...(line === null ? [] : [svg("line", { class: "threshold", x1: MARGIN.left, x2: width - MARGIN.right, y1: y(line), y2: y(line) })]),
      ...(alarm >= begin && alarm <= end ? [svg("line", { class: "alarm-line", x1: x(alarm), x2: x(alarm), y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom })] : []),
    ];
  }

  /** @param {number | null} line */
  #legend(line) {
    const items = legend();
    const text = this.#shown === "confidence" ? `Accepted from ${shareText(line)}` : `Unknown above ${valueText(line)}`;
    if (line !== null) items.push(el("li", {}, el("span", { class: "swatch line", "aria-hidden": "true" }), text));
    if ($("confidence-chart").querySelector(".alarm-line")) items.push(el("li", {}, el("span", { class: "swatch alarm", "aria-hidden": "true" }), "First alarm since"));
    return items;
  }

  /** @param {Shown} shown */
  #show(shown) {
    this.#shown = shown;
    $("show-confidence").setAttribute("aria-pressed", String(shown === "confidence"));
    $("show-unknown").setAttribute("aria-pressed", String(shown === "unknown_score"));
    $("confidence-title").textContent = shown === "confidence" ? "Confidence" : "Unknown score";
    if (this.#figures) this.draw(this.#figures);
  }

  #index() {
    return this.#current === null ? -1 : this.#points.id.indexOf(this.#current);
  }

  /** @param {KeyboardEvent} event */
  #handleKey(event) {
    const last = this.#points.id.length - 1;
    const index = this.#index();
    /** @type {Record<string, number>} */
    const targets = { ArrowLeft: index - 1, ArrowDown: index - 1, ArrowRight: index + 1, ArrowUp: index + 1, PageDown: index - JUMP, PageUp: index + JUMP, Home: 0, End: last };
    if (event.key in targets) {
      event.preventDefault();
      this.#select(Math.max(0, Math.min(last, targets[event.key])));
    } else if ((event.key === "Enter" || event.key === " ") && this.#current) {
      event.preventDefault();
      this.open(this.#current);
    }
  }

  /** @param {MouseEvent} event */
  #moveTo(event) {
    const index = this.#nearest(event);
    if (index !== null) this.#select(index);
  }

  /** Find the mark next to the pointer. @param {MouseEvent} event */
  #nearest({ clientX, clientY }) {
    const box = $("confidence-chart").getBoundingClientRect();
    const { x, y } = this.#frame ?? { x: () => 0, y: () => 0 };
    const { time } = this.#points;
    let best = null;
    let least = REACH ** 2;
    this.#points[this.#shown].forEach((found, index) => {
      if (found === null) return;
      const distance = (x(time[index]) - (clientX - box.left)) ** 2 + (y(found) - (clientY - box.top)) ** 2;
      if (distance <= least) [best, least] = [index, distance];
    });
    return best;
  }

  /** Go to a picture. @param {number} index */
  #select(index) {
    this.#current = this.#points.id[index] ?? null;
    this.#showCurrent();
  }

  /** Choose the picture that is open, so that the chart goes on from there. @param {string} id */
  choose(id) {
    if (this.#points.id.includes(id)) this.#select(this.#points.id.indexOf(id));
  }

  /** Identifier of the picture before or after another. @param {string} id @param {number} step @returns {string | null} */
  neighbour(id, step) {
    const index = this.#points.id.indexOf(id);
    return index < 0 ? null : this.#points.id[index + step] ?? null;
  }

  #showCurrent() {
    const index = this.#index();
    const chart = $("confidence-chart");
    const text = index < 0 ? `${countText(this.#points.id.length)} pictures` : this.#text(index);
    $("point-text").textContent = index < 0 ? "" : text;
    chart.setAttribute("aria-valuenow", String(Math.max(0, index)));
    chart.setAttribute("aria-valuetext", text);
    const group = chart.querySelector(".chosen");
    const found = index < 0 ? null : this.#points[this.#shown][index];
    const { x, y } = this.#frame ?? { x: () => 0, y: () => 0 };
    group?.replaceChildren(...(found === null ? [] : [svg("circle", { class: "ring", cx: x(this.#points.time[index]), cy: y(found), r: 8 })]));
  }

  /** @param {number} index */
  #text(index) {
    const { time, decision, confidence, truth } = this.#points;
    const parts = [timeText(time[index]), `${this.#name(index)}, ${shareText(confidence[index])}`, DECISIONS[decision[index]] ?? decision[index]];
    if (truth[index] !== null) parts.push(`true label: ${this.#labelName(truth[index] ?? "")}`);
    return parts.join(" · ");
  }

  /** @param {number} index */
  #name(index) {
    return this.#labelName(this.#points.label[index]);
  }

  /** @param {string} label */
  #labelName(label) {
    return this.#figures?.model.labels.find((each) => each.label === label)?.name ?? label;
  }

  #rows() {
    const { id, time, decision, confidence, truth } = this.#points;
    const newest = id.map((_, index) => index).slice(-MAX_ROWS).reverse();
    return newest.map((index) => {
      const open = el("button", { type: "button", class: "link", "data-open": id[index] }, timeText(time[index]));
      const cells = [this.#name(index), DECISIONS[decision[index]] ?? decision[index]].map((text) => el("td", {}, text));
      return el("tr", {}, el("th", { scope: "row" }, open), ...cells, el("td", { class: "number" }, shareText(confidence[index])), el("td", {}, truth[index] === null ? "–" : this.#labelName(truth[index] ?? "")));
    });
  }
}

/** @param {number} time */
export function timeText(time) {
  return new Date(1000 * time).toLocaleString("en-GB", { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/** Choose quarters from below the least confidence up to one. @param {number} least */
function quarters(least) {
  const first = Math.min(3, Math.max(0, Math.floor(4 * least)));
  return [0, 1, 2, 3, 4].slice(first).map((each) => each / 4);
}

/** Choose round steps below one, too. @param {number} most */
function fineSteps(most) {
  const power = 10 ** Math.ceil(Math.log10(Math.max(most, 1e-9)) - 1);
  return steps(most / power).map((each) => each * power);
}
