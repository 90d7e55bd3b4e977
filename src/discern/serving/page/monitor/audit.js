// Entry point of the audit: one picture at a time, one key for each class.

import { ApiError, asApiError } from "../api/api_error.js";
import { askForKey, setUpClosing, setUpKeyDialog } from "../view/dialogs.js";
import { $, el, loadSetting, saveSetting } from "../view/dom.js";
import { patch } from "../view/dom_patch.js";
import { hideNotice, showNotice } from "../view/notice.js";
import { drawAccuracy } from "./accuracy_view.js";
import { fetchJson, fetchPicture, sendFeedback, setKey } from "./data.js";
import { filterLabels, MAX_KEYED, withKeys } from "./label_keys.js";
import { countText, DECISIONS, shareText } from "./wording.js";

/** @import { Exchange, Model, Queue } from "./data.js" */

/** @typedef {{ id: string, time: number }} Item */

const AHEAD = 10;
// So that the address stays within the limits of proxies; what was skipped before comes again.
const MAX_SKIPPED = 200;
const SIDE = 1200;

class Audit {
  /** @type {Item[]} */
  #items = [];
  /** @type {Item[]} pictures that were labelled here, the newest last. */
  #done = [];
  /** @type {string[]} */
  #skipped = [];
  /** @type {Map<string, Promise<string>>} */
  #urls = new Map();
  /** @type {Model | null} */
  #model = null;
  #asked = new URLSearchParams(location.search).get("model") ?? loadSetting("model", undefined);
  #waiting = 0;
  #isBusy = false;
  #isLooked = false;
  #generation = 0;
  #hasShortcuts = loadSetting("auditKeys", true);

  constructor() {
    setUpClosing();
    setUpKeyDialog((key) => this.#useKey(key), () => this.#show(new ApiError("unauthorized", "This server requires an API key.", "Enter it to label pictures.")));
    $("filter").oninput = () => this.#drawClasses();
    $("filter").onkeydown = (event) => this.#handleFilterKey(event);
    $("other-form").onsubmit = (event) => this.#submitOther(event);
    $("skip").onclick = () => this.#skip();
    $("undo").onclick = () => this.#undo();
    $("shortcuts").onclick = () => this.#setShortcuts(!this.#hasShortcuts);
    $("model").onchange = () => this.#changeModel($("model").value);
    document.addEventListener("keydown", (event) => this.#handleKey(event));
    this.#setShortcuts(this.#hasShortcuts);
    this.#fill();
  }

  /** @returns {Item | undefined} */
  get #current() {
    return this.#items[0];
  }

  /** Fetch the next pictures of the queue. */
  async #fill() {
    const generation = (this.#generation += 1);
    try {
      const skip = this.#known().join(",");
      const queue = await fetchJson("audit.json", { model: this.#asked, limit: AHEAD, skip });
      if (generation !== this.#generation) return;
      hideNotice("connection");
      this.#take(queue);
    } catch (thrown) {
      if (generation === this.#generation) this.#show(asApiError(thrown, "Reload the page."));
    }
  }

  /** Identifiers of the pictures that were labelled or skipped here, as far as they are remembered. */
  #known() {
    const labelled = this.#done.slice(-MAX_SKIPPED / 2).map(({ id }) => id);
    return [...this.#skipped.slice(labelled.length - MAX_SKIPPED), ...labelled];
  }

  /** @param {Queue} queue */
  #take({ model, items, waiting, accuracy, promise, taken }) {
    this.#model = model;
    this.#waiting = waiting;
    const kept = this.#current ? [this.#current] : [];
    const past = new Set([...this.#known(), ...kept.map(({ id }) => id)]);
    this.#items = [...kept, ...items.filter(({ id }) => !past.has(id))];
    patch($("model"), model.models.map((each) => el("option", { value: each }, each)));
    $("model").value = model.name;
    $("model-pick").hidden = model.models.length < 2;
    $("filter-label").hidden = model.labels.length <= MAX_KEYED;
    $("accuracy").hidden = false;
    drawAccuracy({ accuracy, promise, sentence: model.sentence });
    document.title = `${model.name} · Audit · Discern`;
    this.#isLooked = taken !== null;
    this.#draw();
  }

  #draw() {
    const item = this.#current;
    $("work").hidden = !item;
    $("undo").toggleAttribute("disabled", !this.#done.length);
    const left = Math.max(this.#waiting, this.#items.length);
    $("task-title").textContent = item ? "Which class is this?" : "Nothing to label now.";
    $("task-note").textContent = item
      ? `${countText(left)} ${left === 1 ? "picture waits" : "pictures wait"}; ${countText(this.#done.length)} labelled now.`
      : this.#emptyText();
    $("audit-progress").hidden = !this.#done.length;
    Object.assign($("audit-progress"), { max: this.#done.length + left, value: this.#done.length });
    this.#drawClasses();
    if (item) this.#showPicture(item);
    for (const next of this.#items.slice(1, 3)) this.#load(next.id);
  }

  #emptyText() {
    if (this.#skipped.length) return `${countText(this.#skipped.length)} skipped ${this.#skipped.length === 1 ? "picture waits" : "pictures wait"} until you reload this page.`;
    return this.#isLooked ? "New pictures are chosen as they arrive." : "Pictures are chosen at the first look, within minutes.";
  }

  #drawClasses() {
    const labels = this.#model?.labels ?? [];
    const shown = withKeys(filterLabels(labels, $("filter").value).slice(0, MAX_KEYED));
    patch($("class-buttons"), shown.map(({ label, name, key }) => el("li", {}, el("button", { type: "button", "data-key": key, "aria-keyshortcuts": key, onclick: () => this.#label({ label }) }, el("kbd", {}, key), el("span", {}, name)))));
  }

  // The picture.

  /** @param {string} id */
  #load(id) {
    const found = this.#urls.get(id) ?? fetchPicture(id, SIDE).then((blob) => URL.createObjectURL(blob));
    this.#urls.set(id, found);
    found.catch(() => this.#urls.delete(id));
    return found;
  }

  /** @param {Item} item */
  async #showPicture({ id }) {
    const figure = $("audit-picture");
    if (figure.dataset.id === id) return;
    figure.dataset.id = id;
    figure.replaceChildren(el("p", { class: "cannot-show" }, "Loading the picture."));
    try {
      const url = await this.#load(id);
      if (figure.dataset.id === id) figure.replaceChildren(el("img", { src: url, alt: "Picture to label" }));
    } catch (thrown) {
      const error = asApiError(thrown, "");
      if (figure.dataset.id !== id) return;
      figure.replaceChildren(el("p", { class: "cannot-show" }, `${error.message} Skip it.`));
      if (error.code !== "not_found") this.#show(error);
    }
  }

  /** @param {string} id */
  #release(id) {
    this.#urls.get(id)?.then((url) => URL.revokeObjectURL(url), () => undefined);
    this.#urls.delete(id);
  }

  // Answers.

  /** @param {{ label: string, new?: boolean }} answer */
  async #label(answer) {
    const item = this.#current;
    if (!item || this.#isBusy) return;
    this.#isBusy = true;
    try {
      await sendFeedback({ id: item.id, ...answer });
      hideNotice("connection");
      this.#items.shift();
      this.#done.push(item);
      this.#waiting = Math.max(0, this.#waiting - 1);
      this.#draw();
      this.#showModelAnswer(item, answer.label);
      if (this.#done.length > 2) this.#release(this.#done[this.#done.length - 3].id);
      if (this.#items.length < 3) this.#fill();
    } catch (thrown) {
      this.#show(asApiError(thrown, "Try again."));
    } finally {
      this.#isBusy = false;
    }
  }

  /** Say what the model had answered, now that the person has. @param {Item} item @param {string} label */
  async #showModelAnswer({ id }, label) {
    /** @type {Exchange | null} */
    const exchange = await fetchJson(`monitor/exchanges/${id}`).catch(() => null);
    if (!exchange || this.#done.at(-1)?.id !== id) return;
    const agrees = exchange.label === label;
    const answer = exchange.decision === "unknown" ? `unknown, most like ${this.#name(exchange.label)}` : `${this.#name(exchange.label)}, ${shareText(exchange.confidence)} (${(DECISIONS[exchange.decision] ?? "").toLowerCase()})`;
    $("result").textContent = `You: ${this.#name(label)}. The model: ${answer}. ${agrees ? "You agree." : "You differ."}`;
    $("result").className = `result ${agrees ? "same" : "different"}`;
  }

  /** @param {string} label */
  #name(label) {
    return this.#model?.labels.find((each) => each.label === label)?.name ?? label;
  }

  /** @param {Event} event */
  #submitOther(event) {
    event.preventDefault();
    const text = $("other").value.trim();
    const known = this.#model?.labels.find(({ label, name }) => [label, name].some((each) => each.toLowerCase() === text.toLowerCase()));
    if (!text) return;
    $("other").value = "";
    $("other").blur();
    this.#label(known ? { label: known.label } : { label: text, new: true });
  }

  #skip() {
    const item = this.#items.shift();
    if (!item) return;
    this.#skipped.push(item.id);
    this.#release(item.id);
    this.#draw();
    $("result").textContent = "Skipped.";
    $("result").className = "result";
    if (this.#items.length < 3) this.#fill();
  }

  /** Go back to the picture that was labelled last: another answer replaces the one before. */
  #undo() {
    const item = this.#done.pop();
    if (!item) return;
    this.#items.unshift(item);
    this.#waiting += 1;
    this.#draw();
    $("result").textContent = "Back at the last picture: your next answer replaces the one before.";
    $("result").className = "result";
  }

  // Keys.

  /** @param {KeyboardEvent} event */
  #handleKey(event) {
    const { target, key } = event;
    const isTyping = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
    if (!this.#hasShortcuts || isTyping || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    /** @type {Record<string, () => void>} */
    const actions = { ArrowRight: () => this.#skip(), ArrowLeft: () => this.#undo(), Backspace: () => this.#undo(), "0": () => $("other").focus() };
    if (!$("filter-label").hidden) actions["/"] = () => $("filter").focus();
    const button = [...$("class-buttons").querySelectorAll("button")].find((each) => each.dataset.key && each.dataset.key === key.toLowerCase());
    const act = actions[key] ?? (button && (() => button.click()));
    if (!act || event.repeat) return;
    event.preventDefault();
    act();
  }

  /** @param {KeyboardEvent} event */
  #handleFilterKey(event) {
    if (event.key === "Escape") $("filter").value = "";
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    if (event.key === "Enter") $("class-buttons").querySelector("button")?.click();
    $("filter").value = "";
    $("filter").blur();
    this.#drawClasses();
  }

  /** @param {boolean} isOn */
  #setShortcuts(isOn) {
    this.#hasShortcuts = isOn;
    saveSetting("auditKeys", isOn);
    $("shortcuts").setAttribute("aria-pressed", String(isOn));
    document.body.classList.toggle("without-keys", !isOn);
  }

  // The server.

  /** @param {ApiError} error */
  #show(error) {
    if (error.code === "unauthorized" && !$("key-dialog").open && !$("notice").hasChildNodes()) askForKey(error);
    showNotice("connection", [error.message, error.hint].filter(Boolean).join(" "), { label: "Try now", act: () => this.#fill() });
    if (!this.#model) $("task-note").textContent = "The queue cannot be read.";
  }

  /** @param {string} key */
  #useKey(key) {
    setKey(key);
    hideNotice("connection");
    this.#fill();
  }

  /** @param {string} model */
  #changeModel(model) {
    saveSetting("model", model);
    this.#asked = model;
    for (const each of this.#items) this.#release(each.id);
    this.#items = [];
    this.#done = [];
    this.#skipped = [];
    this.#fill();
  }
}

new Audit();
