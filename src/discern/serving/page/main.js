// The page: joins what arrives, the line, the answer, the voice and the list of this visit.

import { drawAbout, wordHonest, wordKnows, wordPromise } from "./view/about.js";
import { receive } from "./queue/input.js";
import { Batch } from "./queue/batch.js";
import { Connection } from "./api/connection.js";
import { askKey, closeByButtons, setUpKey, setUpVoice } from "./view/dialogs.js";
import { $, el, recall, remember } from "./view/dom.js";
import { turnHeat } from "./view/heatmap.js";
import { offerExamples } from "./view/examples.js";
import { addThumbnail, makeItem, makeSmaller, nameCapture, requireSize } from "./queue/items.js";
import { Line } from "./queue/queue.js";
import { Live } from "./camera/live.js";
import { tellLoading, warnUnlessVerified, wordPrivacy } from "./view/loading_messages.js";
import { Stage } from "./view/stage.js";
import { Teller } from "./voice/announcer.js";
import { Visit } from "./view/history.js";
import { apart } from "./view/text.js";

class Page {
  constructor() {
    const choose = (item) => this.pick(item);
    this.teller = new Teller();
    this.stage = new Stage(this);
    this.visit = new Visit({ choose, shown: () => this.stage.item });
    this.line = new Line({ ask: (item) => this.ask(item), changed: (item) => this.changed(item), halted: (error) => this.halted(error) });
    this.line.held = true;
    this.batch = new Batch({ choose, cancel: (items) => this.line.cancel(items), told: (items) => this.teller.announceTally(items) });
    this.connection = new Connection({ known: (about) => this.know(about), needKey: askKey });
    this.live = new Live(this);
    tellLoading();
    this.setUp();
    this.connection.establish(recall("model", undefined));
  }

  setUp() {
    receive((files, how) => this.take(files, how));
    closeByButtons();
    setUpVoice(this.teller.speaker);
    setUpKey((key) => this.useKey(key), () => this.connection.retry({ message: "A key is needed here.", hint: "", retryAfter: 1e6 }));
    $("download").onclick = () => this.visit.download();
    $("forget").onclick = () => this.forget();
    $("about-open").onclick = () => $("about-dialog").showModal();
    $("model").onchange = () => this.change($("model").value);
  }

  // Who answers.

  /** How answers come: "server", "remote" or "local"; undefined while that is not known. */
  get door() {
    return this.connection.answerer?.kind;
  }

  know(about) {
    // Only a model that is loaded lets people wait for it.
    if (!this.about && this.door === "local") this.teller.write("I am loaded, and ready.");
    this.about = about;
    document.title = `${about.name} · Discern`;
    $("knows").textContent = wordKnows(about);
    $("honest").replaceChildren(...[wordHonest(about), wordPromise(about), wordPrivacy(about)].filter(Boolean).map((said) => el("span", {}, `${said} `)));
    drawAbout($("about"), about);
    $("about-open").hidden = false;
    $("docs-link").hidden = this.door !== "server";
    this.offerModels(about);
    offerExamples(this.connection.answerer.examples, (file) => this.take([file], "example"));
    warnUnlessVerified(about);
    this.line.resume();
  }

  offerModels({ models = [], name }) {
    $("model").replaceChildren(...models.map((each) => el("option", { value: each }, each)));
    $("model").value = name;
    $("model-pick").hidden = models.length < 2;
  }

  change(model) {
    remember("model", model);
    this.connection.establish(model);
  }

  useKey(key) {
    this.connection.answerer?.giveKey?.(key);
    this.connection.establish();
  }

  halted(error) {
    if (error.code === "unauthorized") askKey(error);
    else if (error.code === "not_found") this.connection.establish();
    else if (!error.busy) this.connection.retry(error);
  }

  // What arrives.

  take(files, how) {
    const items = files.map((file) => makeItem(file, how === "pasted" ? "Pasted picture" : file.name, { origin: how }));
    if (items.length) this.begin(items);
  }

  taken(blob, name, facing) {
    this.begin([makeItem(blob, name, { origin: "camera", facing, evidence: true })]);
  }

  begin(items) {
    this.visit.admit(items);
    document.body.classList.add("asked");
    this.batch.show(items);
    this.choose(items[0], { scroll: true });
    for (const item of items) addThumbnail(item, () => this.illustrate(item));
    this.line.add(items);
  }

  /** What the camera saw and somebody was told of. */
  tell({ prediction, blob, facing, about, milliseconds }) {
    const item = makeItem(blob, nameCapture(), { origin: "camera", facing, about, prediction, milliseconds, state: "answered" });
    this.visit.admit([item]);
    this.visit.note(item, about);
    addThumbnail(item, () => this.illustrate(item));
  }

  // Asking.

  async ask(item) {
    if (!item.shrunk) requireSize(item, this.connection.answerer.limits);
    item.about = this.about;
    const onProgress = (share) => Object.assign(item, { progress: share });
    return this.answer(item.blob, { evidence: Boolean(item.evidence), signal: item.stop.signal, onProgress });
  }

  answer(blob, options) {
    if (!this.connection.answerer) throw { code: "unreachable", message: "The server cannot be reached.", hint: "I keep trying." };
    return this.connection.answerer.answer(blob, { model: this.about?.name, ...options });
  }

  turnHeat(item) {
    return turnHeat(item, () => this.answer(item.blob, { evidence: true, model: item.about?.name }), (_, words) => {
      this.refresh(item);
      if (this.visit.holds(item)) this.teller.write(words);
    });
  }

  async sendSmaller(item) {
    if (item.shrinking) return;
    item.shrinking = true;
    this.refresh(item);
    const done = await makeSmaller(item, this.connection.answerer?.limits);
    item.shrinking = false;
    if (!this.visit.holds(item)) return;
    if (done) {
      this.line.add([item]);
      return;
    }
    const error = { code: "not_shrunk", message: "This browser cannot open it, so it cannot make it smaller.", hint: "Make it smaller with another program." };
    this.line.mark(item, "failed", { error });
  }

  // What becomes of it.

  changed(item) {
    if (!this.visit.holds(item)) return;
    const settled = item.state === "answered" || item.state === "failed";
    if (settled) this.visit.note(item, item.about ?? this.about);
    this.refresh(item);
    if (settled && this.batch.items.length < 2) this.teller.announceItem(item);
    this.batch.count();
  }

  refresh(item) {
    if (!this.visit.holds(item)) return;
    this.batch.tiles.update(item, item.about ?? this.about, this.stage.item);
    if (item === this.stage.item) this.stage.draw();
  }

  illustrate(item) {
    this.refresh(item);
    if (this.visit.holds(item)) this.visit.illustrate(item, item.about ?? this.about);
  }

  // What is shown.

  choose(item, { scroll = false } = {}) {
    this.live.leave();
    this.batch.tiles.mark(item);
    this.stage.show(item, { scroll });
  }

  /** Somebody has asked for one of several: those who do not see it are told what is there now. */
  pick(item) {
    this.choose(item, { scroll: true });
    this.teller.write(`${apart(item.name)}: ${$("answer").querySelector("h2").textContent}`);
  }

  /** What can be done with an item; null where something cannot. */
  acts(item) {
    const kept = Boolean(item.blob);
    return {
      heat: kept ? () => this.turnHeat(item) : null,
      another: item.origin === "camera" ? () => this.live.again() : null,
      say: this.teller.sayAgain ? () => this.teller.sayAgain(item) : null,
      retry: kept ? () => this.line.add([item]) : null,
      cancel: () => this.line.cancel([item]),
      shrink: kept ? () => this.sendSmaller(item) : null,
    };
  }

  forget() {
    this.live.leave();
    // First, so that what comes of those that are cancelled belongs to no visit.
    this.visit.forget();
    this.line.cancelAll();
    this.batch.show([]);
    this.stage.clear();
    this.teller.write("");
    $("choose").focus();
  }
}

new Page();
