// Entry point of the monitor: fetches the figures every ten seconds and draws them in place.

import { ApiError, asApiError } from "../api/api_error.js";
import { askForKey, setUpClosing, setUpKeyDialog } from "../view/dialogs.js";
import { $, el, loadSetting, saveSetting } from "../view/dom.js";
import { patch } from "../view/dom_patch.js";
import { hideNotice, showNotice } from "../view/notice.js";
import { drawAccuracy } from "./accuracy_view.js";
import { ConfidenceChart } from "./confidence_chart.js";
import { fetchJson, joinPoints, setKey } from "./data.js";
import { drawClasses, drawLook } from "./look_view.js";
import { PictureDialog } from "./picture_dialog.js";
import { retryThumbnails } from "./thumbnails.js";
import { drawTraffic } from "./traffic_chart.js";
import { countText, durationText, shareText, summary, updatedText } from "./wording.js";

/** @import { Figures, Points } from "./data.js" */

const SECONDS = 10;
const MAX_POINTS = 2000;
// Labels and erasures change pictures that the page has already: now and then it fetches all of them.
const PARTIAL_FETCHES = 5;

class Monitor {
  /** @type {Figures | null} */
  figures = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #model = new URLSearchParams(location.search).get("model") ?? loadSetting("model", undefined);
  #isLive = true;
  #allClasses = false;
  #generation = 0;
  #fetches = 0;

  constructor() {
    this.chart = new ConfidenceChart((id) => this.dialog.show(id));
    this.dialog = new PictureDialog({ neighbour: (id, step) => this.chart.neighbour(id, step), onShow: (id) => this.chart.choose(id) });
    setUpClosing();
    setUpKeyDialog((key) => this.#useKey(key), () => this.#showError(new ApiError("unauthorized", "This server requires an API key.", "Enter it to see what was captured.")));
    $("live").onclick = () => this.#setLive(!this.#isLive);
    $("model").onchange = () => this.#changeModel($("model").value);
    $("all-classes").onclick = () => {
      this.#allClasses = true;
      if (this.figures) drawClasses(this.figures, true);
    };
    document.addEventListener("click", (event) => {
      const opener = event.target instanceof Element ? event.target.closest("[data-open]") : null;
      if (opener instanceof HTMLElement && opener.dataset.open) this.dialog.show(opener.dataset.open);
    });
    document.addEventListener("visibilitychange", () => this.#wake());
    new ResizeObserver(() => this.figures && this.#draw(this.figures)).observe($("content"));
    this.refresh();
  }

  /** Fetch the figures and draw them, and again after a while. */
  async refresh() {
    clearTimeout(this.#timer);
    const generation = (this.#generation += 1);
    try {
      const isPartial = this.#fetches % (PARTIAL_FETCHES + 1) > 0;
      const after = isPartial ? this.figures?.points.number.at(-1) : undefined;
      const fresh = await fetchJson("monitor.json", { model: this.#model, after });
      if (generation !== this.#generation) return;
      this.#fetches += 1;
      this.#take(fresh, after !== undefined);
      hideNotice("connection");
    } catch (thrown) {
      if (generation !== this.#generation) return;
      this.#handleError(asApiError(thrown, "Reload the page."));
    }
    if (this.#isLive && !document.hidden) this.#timer = setTimeout(() => this.refresh(), 1000 * SECONDS);
  }

  /** @param {Figures} fresh @param {boolean} isPartial whether it has only the points that the page lacks. */
  #take(fresh, isPartial) {
    if (isPartial && this.figures?.model.fingerprint !== fresh.model.fingerprint) {
      this.#start();
      return;
    }
    /** @type {Points | null} */
    const before = isPartial ? this.figures?.points ?? null : null;
    this.figures = { ...fresh, points: joinPoints(before, fresh.points, MAX_POINTS) };
    $("content").hidden = false;
    this.#draw(this.figures);
  }

  /** Fetch everything, such as for another model. */
  #start() {
    this.figures = null;
    this.#fetches = 0;
    this.refresh();
  }

  /** @param {Figures} figures */
  #draw(figures) {
    const { model, look, exchanges, now } = figures;
    const found = look?.look ?? null;
    this.dialog.setNames(new Map(model.labels.map(({ label, name }) => [label, name])));
    this.#drawSummary(figures);
    $("model-name").textContent = `${model.name} ${model.version}`;
    $("updated").textContent = updatedText(now, look);
    patch($("figures"), factsOf(figures, exchanges));
    patch($("model"), model.models.map((each) => el("option", { value: each }, each)));
    $("model").value = model.name;
    $("model-pick").hidden = model.models.length < 2;
    this.chart.draw(figures);
    drawTraffic(figures);
    drawLook(figures);
    drawClasses(figures, this.#allClasses);
    drawAccuracy({ accuracy: found?.accuracy ?? null, promise: found?.promise ?? null, sentence: model.sentence, estimated: found?.estimated });
    const waiting = found?.waiting ?? 0;
    $("audit-open").textContent = waiting ? `Label ${countText(waiting)} waiting ${waiting === 1 ? "picture" : "pictures"}` : "Open the audit";
    for (const link of ["audit-link", "audit-open"]) $(link).setAttribute("href", model.models.length > 1 ? `audit?model=${encodeURIComponent(model.name)}` : "audit");
  }

  /** @param {Figures} figures */
  #drawSummary(figures) {
    const { state, headline, note } = summary(figures);
    document.body.dataset.state = state;
    if ($("summary-title").textContent !== headline) {
      $("summary-title").textContent = headline;
      $("announcements").textContent = headline;
    }
    $("summary-note").textContent = note;
  }

  /** @param {ApiError} error */
  #handleError(error) {
    if (error.code === "unauthorized") askForKey(error);
    else this.#showError(error);
  }

  /** @param {ApiError} error */
  #showError(error) {
    showNotice("connection", [error.message, error.hint].filter(Boolean).join(" "), { label: "Try now", act: () => this.refresh() });
    if (!this.figures) $("summary-title").textContent = "The figures cannot be read.";
  }

  /** @param {string} key */
  #useKey(key) {
    setKey(key);
    retryThumbnails();
    this.refresh();
  }

  /** @param {boolean} isLive */
  #setLive(isLive) {
    this.#isLive = isLive;
    $("live").setAttribute("aria-pressed", String(isLive));
    if (isLive) this.refresh();
    else clearTimeout(this.#timer);
  }

  /** @param {string} model */
  #changeModel(model) {
    saveSetting("model", model);
    this.#model = model;
    this.#start();
  }

  #wake() {
    if (document.hidden) clearTimeout(this.#timer);
    else if (this.#isLive) this.refresh();
  }
}

/** @param {Figures} figures @param {number} exchanges */
function factsOf({ traffic, points, lost, now }, exchanges) {
  const day = traffic.filter(({ start }) => start > now - 25 * 3600);
  const sum = (/** @type {"accept" | "review" | "unknown"} */ name) => day.reduce((total, hour) => total + hour[name], 0);
  const total = sum("accept") + sum("review") + sum("unknown");
  const times = points.seconds.filter((each) => each !== null).sort((a, b) => a - b);
  const quantile = (/** @type {number} */ part) => times[Math.min(times.length - 1, Math.floor(part * times.length))];
  /** @type {[string, string][]} */
  const facts = [
    ["Captured", countText(exchanges)], ["Last 24 hours", countText(total)], ["Accepted", total ? shareText(sum("accept") / total) : "–"],
    ["To a person", total ? shareText(sum("review") / total) : "–"], ["Unknown", total ? shareText(sum("unknown") / total) : "–"],
    ["Median time", durationText(quantile(0.5))], ["95 % within", durationText(quantile(0.95))],
  ];
  if (lost) facts.push(["Lost", countText(lost)]);
  return facts.map(([term, text]) => el("div", {}, el("dt", {}, term), el("dd", {}, text)));
}

new Monitor();
