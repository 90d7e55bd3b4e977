// Entry point: joins the input, the queue, the answer, the voice and the history.

import { ApiError, unreachable } from "./api/api_error.js";
import { Connection } from "./api/connection.js";
import { LiveCamera } from "./camera/live.js";
import { Batch } from "./queue/batch.js";
import { listenForPictures } from "./queue/input.js";
import { addThumbnail, captureName, downscaleItem, makeItem, requireSize } from "./queue/items.js";
import { Queue } from "./queue/queue.js";
import { accuracyText, drawAbout, knowledgeText, policyText } from "./view/about.js";
import { CorrectionDialog } from "./view/correction.js";
import { askForKey, setUpClosing, setUpKeyDialog, setUpVoiceDialog } from "./view/dialogs.js";
import { $, el, loadSetting, saveSetting } from "./view/dom.js";
import { showExamples } from "./view/examples.js";
import { toggleHeatmap } from "./view/heatmap.js";
import { History } from "./view/history.js";
import { privacyText, showLoading, warnUnlessVerified } from "./view/loading_messages.js";
import { Stage } from "./view/stage.js";
import { isolate } from "./view/text.js";
import { Announcer } from "./voice/announcer.js";

/** @import { Correction, ModelInfo, PredictOptions } from "./api/types.js" */
/** @import { Facing } from "./camera/camera.js" */
/** @import { LiveAnswer } from "./camera/live.js" */
/** @import { Origin } from "./queue/input.js" */
/** @import { Item } from "./queue/items.js" */
/** @import { CardActions } from "./view/answer_card.js" */

// Seconds: nothing changes before somebody enters a key.
const NEVER = 1e6;

class Page {
  /** @type {ModelInfo | null} */
  modelInfo = null;

  constructor() {
    const choose = (/** @type {Item} */ item) => this.chooseAndAnnounce(item);
    this.announcer = new Announcer();
    this.stage = new Stage(this);
    this.history = new History({ choose, shown: () => this.stage.item });
    this.queue = new Queue({
      predict: (item) => this.predictItem(item),
      onChange: (item) => this.handleChange(item),
      onPause: (error) => this.handleApiError(error),
    });
    this.queue.isPaused = true;
    this.batch = new Batch({
      choose,
      cancel: (items) => this.queue.cancel(items),
      onComplete: (items) => this.announcer.announceSummary(items),
    });
    this.connection = new Connection({ onModel: (info) => this.setModel(info), onKeyRequired: askForKey });
    this.live = new LiveCamera(this);
    this.correction = new CorrectionDialog((item, correction) => this.correct(item, correction), (item, text) => this.noteCorrection(item, text));
    this.setUp();
    // The model in the address goes before the one that was chosen earlier.
    this.connection.establish(new URLSearchParams(location.search).get("model") ?? loadSetting("model", undefined));
  }

  setUp() {
    showLoading();
    listenForPictures((files, origin) => this.addFiles(files, origin));
    setUpClosing();
    setUpVoiceDialog(this.announcer.speech);
    const keyRequired = () => new ApiError("unauthorized", "This server requires an API key.", "", { retryAfter: NEVER });
    setUpKeyDialog((key) => this.useKey(key), () => this.connection.retry(keyRequired()));
    $("download").onclick = () => this.history.download();
    $("clear").onclick = () => this.clear();
    $("about-open").onclick = () => $("about-dialog").showModal();
    $("model").onchange = () => this.changeModel($("model").value);
  }

  // The model.

  /** Kind of the API; undefined while it is not connected. */
  get apiKind() {
    return this.connection.api?.kind;
  }

  /** @param {ModelInfo} info */
  setModel(info) {
    // Only a model that loads in the browser makes people wait for it.
    if (!this.modelInfo && this.apiKind === "local") this.announcer.write("The model is loaded and ready.");
    this.modelInfo = info;
    document.title = `${info.name} · Discern`;
    $("model-summary").textContent = knowledgeText(info);
    const facts = [accuracyText(info), policyText(info), privacyText(info)].filter(Boolean);
    $("accuracy").replaceChildren(...facts.map((text) => el("span", {}, `${text} `)));
    drawAbout($("about"), info);
    $("about-open").hidden = false;
    $("docs-link").hidden = this.apiKind !== "server";
    $("monitor-link").hidden = this.apiKind !== "server" || !info.capture;
    this.listModels(info);
    showExamples(this.connection.api?.examples ?? [], (file) => this.addFiles([file], "example"));
    warnUnlessVerified(info);
    this.queue.resume();
  }

  /** @param {ModelInfo} info */
  listModels({ models = [], name }) {
    $("model").replaceChildren(...models.map((each) => el("option", { value: each }, each)));
    $("model").value = name;
    $("model-pick").hidden = models.length < 2;
  }

  /** @param {string} model */
  changeModel(model) {
    saveSetting("model", model);
    this.connection.establish(model);
  }

  /** @param {string} key */
  useKey(key) {
    this.connection.api?.setKey?.(key);
    this.connection.establish();
  }

  /** @param {ApiError} error */
  handleApiError(error) {
    if (error.code === "unauthorized") askForKey(error);
    else if (error.code === "not_found") this.connection.establish();
    else if (!error.busy) this.connection.retry(error);
  }

  // Input.

  /** @param {File[]} files @param {Origin | "example"} origin */
  addFiles(files, origin) {
    const items = files.map((file) => makeItem(file, origin === "pasted" ? "Pasted picture" : file.name, { origin }));
    if (items.length) this.addItems(items);
  }

  /** @param {Blob} blob @param {string} name @param {Facing} facing */
  addCapture(blob, name, facing) {
    this.addItems([makeItem(blob, name, { origin: "camera", facing, evidence: true })]);
  }

  /** @param {Item[]} items */
  addItems(items) {
    this.history.admit(items);
    document.body.classList.add("has-pictures");
    this.batch.show(items);
    this.choose(items[0], { scroll: true });
    for (const item of items) addThumbnail(item, () => this.showThumbnail(item));
    this.queue.add(items);
  }

  /** Record a live answer that was announced. @param {LiveAnswer} answer */
  recordLive({ prediction, blob, facing, modelInfo, milliseconds }) {
    const item = makeItem(blob, captureName(), { origin: "camera", facing, modelInfo, prediction, milliseconds, state: "answered" });
    this.history.admit([item]);
    this.history.record(item, modelInfo);
    addThumbnail(item, () => this.showThumbnail(item));
  }

  // Predictions.

  /** @param {Item} item */
  async predictItem(item) {
    const { blob, abort } = item;
    if (!blob) throw new Error("the picture has been released");
    if (!item.isDownscaled) requireSize(blob, this.connection.api?.limits ?? {});
    item.modelInfo = this.modelInfo;
    const onProgress = (/** @type {number} */ share) => Object.assign(item, { progress: share });
    return this.predict(blob, { evidence: Boolean(item.evidence), signal: abort?.signal, onProgress });
  }

  /** @param {Blob} blob @param {PredictOptions} options */
  async predict(blob, options) {
    if (!this.connection.api) throw unreachable();
    return this.connection.api.predict(blob, { model: this.modelInfo?.name, ...options });
  }

  /** @param {Item} item @param {Blob} blob */
  toggleHeatmap(item, blob) {
    const predict = () => this.predict(blob, { evidence: true, model: item.modelInfo?.name });
    return toggleHeatmap(item, predict, (text) => {
      this.refresh(item);
      if (this.history.contains(item)) this.announcer.write(text);
    });
  }

  /** @param {Item} item @param {Correction} correction */
  async correct(item, correction) {
    const { api } = this.connection;
    if (!api?.correct || !item.prediction) throw unreachable();
    try {
      await api.correct(item.prediction.id, correction);
    } catch (error) {
      if (error instanceof ApiError && error.code === "unauthorized") askForKey(error);
      throw error;
    }
  }

  /** @param {Item} item @param {string} text */
  noteCorrection(item, text) {
    item.correctionNote = text;
    this.refresh(item);
    this.announcer.write(text);
  }

  /** @param {Item} item */
  async sendSmaller(item) {
    if (item.isDownscaling) return;
    item.isDownscaling = true;
    this.refresh(item);
    const isDone = await downscaleItem(item, this.connection.api?.limits);
    item.isDownscaling = false;
    if (!this.history.contains(item)) return;
    if (isDone) {
      this.queue.add([item]);
      return;
    }
    const message = "This browser cannot open the picture, so it cannot make it smaller.";
    const error = new ApiError("not_downscaled", message, "Make it smaller with another program.");
    this.queue.setState(item, "failed", { error });
  }

  // Updates.

  /** @param {Item} item */
  handleChange(item) {
    if (!this.history.contains(item)) return;
    const isSettled = item.state === "answered" || item.state === "failed";
    if (isSettled) this.history.record(item, item.modelInfo ?? this.modelInfo);
    this.refresh(item);
    if (isSettled && this.batch.items.length < 2) this.announcer.announceItem(item);
    this.batch.update();
  }

  /** @param {Item} item */
  refresh(item) {
    if (!this.history.contains(item)) return;
    this.batch.tiles.update(item, item.modelInfo ?? this.modelInfo, this.stage.item);
    if (item === this.stage.item) this.stage.draw();
  }

  /** @param {Item} item */
  showThumbnail(item) {
    this.refresh(item);
    if (this.history.contains(item)) this.history.showThumbnail(item, item.modelInfo ?? this.modelInfo);
  }

  // The shown item.

  /** @param {Item} item @param {{ scroll?: boolean }} [options] */
  choose(item, { scroll = false } = {}) {
    this.live.leave();
    this.batch.tiles.mark(item);
    this.stage.show(item, { scroll });
  }

  /** Show an item that somebody asked for, and announce it to those who do not see it. @param {Item} item */
  chooseAndAnnounce(item) {
    this.choose(item, { scroll: true });
    this.announcer.write(`${isolate(item.name)}: ${$("answer").querySelector("h2")?.textContent ?? ""}`);
  }

  /** @param {Item} item @returns {CardActions} */
  actions(item) {
    const { blob, modelInfo } = item;
    const { readAloud } = this.announcer;
    return {
      heatmap: blob && (() => this.toggleHeatmap(item, blob)),
      retake: item.origin === "camera" ? () => this.live.retake() : null,
      readAloud: readAloud && (() => readAloud(item)),
      correct: modelInfo?.capture ? () => this.correction.open(item, modelInfo) : null,
      retry: blob && (() => this.queue.add([item])),
      cancel: () => this.queue.cancel([item]),
      downscale: blob && (() => this.sendSmaller(item)),
    };
  }

  clear() {
    this.live.leave();
    // First, so that the outcomes of cancelled items belong to no session.
    this.history.clear();
    this.queue.cancelAll();
    this.batch.show([]);
    this.stage.clear();
    this.announcer.write("");
    $("choose").focus();
  }
}

new Page();
