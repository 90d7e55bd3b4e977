// The page: joins what arrives, the line, the answer, the voice and the list of this visit.

import { drawAbout, wordHonest, wordKnows, wordPromise } from "./about.js";
import { drawAnswer, drawProgress } from "./answer_card.js";
import { receive } from "./arriving.js";
import { Connection } from "./connection.js";
import { askKey, closeByButtons, setUpKey, setUpVoice } from "./dialogs.js";
import { $, el, recall, remember } from "./dom.js";
import { turnHeat } from "./heat.js";
import { addThumbnail, makeItem, makeSmaller, requireSize } from "./items.js";
import { Line } from "./line.js";
import { Live } from "./live.js";
import { tellLoading, warnUnlessVerified, wordPrivacy } from "./local_words.js";
import { LANGUAGES, sayAnswer, sideOf } from "./phrases.js";
import { drawPicture } from "./picture_view.js";
import { Speaker } from "./speaking.js";
import { tally, Tiles } from "./tiles.js";
import { Visit } from "./visit.js";
import { capital, DECISIONS, wordAnswer } from "./wording.js";

class Page {
  constructor() {
    this.speaker = new Speaker();
    this.tiles = new Tiles((item) => this.choose(item, { scroll: true }));
    this.visit = new Visit((item) => this.choose(item, { scroll: true }));
    this.line = new Line({ ask: (item) => this.ask(item), changed: (item) => this.changed(item), halted: (error) => this.halted(error) });
    this.line.held = true;
    this.connection = new Connection({ known: (about) => this.know(about), needKey: askKey });
    this.batch = [];
    this.live = new Live(this);
    tellLoading();
    this.setUp();
    this.connection.establish(recall("model", undefined));
  }

  setUp() {
    receive((files, how) => this.take(files, how));
    closeByButtons();
    setUpVoice(this.speaker);
    setUpKey((key) => this.useKey(key), () => this.connection.retry({ message: "A key is needed here.", hint: "", retryAfter: 1e6 }));
    this.showSpeaking();
    $("speak").onclick = () => this.turnSpeech();
    $("download").onclick = () => this.visit.download();
    $("forget").onclick = () => this.forget();
    $("batch-cancel").onclick = () => this.line.cancel(this.batch);
    $("about-open").onclick = () => $("about-dialog").showModal();
    $("model").onchange = () => this.change($("model").value);
    setInterval(() => this.current && drawProgress($("answer"), this.current), 250);
  }

  know(about) {
    this.about = about;
    document.title = `${about.name} · Discern`;
    $("knows").textContent = wordKnows(about);
    $("honest").replaceChildren(...[wordHonest(about), wordPromise(about), wordPrivacy(about)].filter(Boolean).map((said) => el("span", {}, `${said} `)));
    drawAbout($("about"), about);
    $("about-open").hidden = false;
    $("docs-link").hidden = this.connection.answerer.kind !== "server";
    this.offerModels(about);
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

  // What arrives.

  take(files, how) {
    const items = files.map((file) => makeItem(file, how === "pasted" ? "Pasted picture" : file.name, { origin: how }));
    if (items.length) this.begin(items);
  }

  taken(blob, name, facing) {
    this.begin([makeItem(blob, name, { origin: "camera", facing, evidence: true })]);
  }

  begin(items) {
    if (items[0].origin !== "camera") this.live.camera.stop();
    this.batch = items;
    document.body.classList.add("asked");
    this.tiles.show(items);
    this.choose(items[0], { scroll: true });
    for (const item of items) addThumbnail(item, () => this.refresh(item));
    this.line.add(items);
  }

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

  // What becomes of it.

  changed(item) {
    if (item.state === "answered" || item.state === "failed") this.visit.note(item, item.about ?? this.about);
    this.refresh(item);
    if (item.state === "answered" || item.state === "failed") this.sayItem(item);
    this.showBatch();
  }

  refresh(item) {
    this.tiles.update(item, item.about ?? this.about, this.current);
    if (item.row && item.thumb && !item.row.querySelector("img")) this.visit.note(item, item.about ?? this.about);
    if (item === this.current && !this.watching) this.draw();
  }

  sayItem(item) {
    if (this.batch.length > 1) return;
    if (item.state === "failed") {
      this.announce(this.speaker.words.failed, `No answer: ${item.error.message} ${item.error.hint}`);
      return;
    }
    const place = item.origin === "camera" ? sideOf(item.prediction.evidence?.place ?? null, item.facing) : null;
    const aloud = sayAnswer(item.prediction, { about: item.about, language: this.speaker.language, place });
    this.announce(aloud, `${DECISIONS[item.prediction.decision]}: ${wordAnswer(item.prediction, item.about).headline}`);
  }

  showBatch() {
    if (this.batch.length < 2) return;
    const open = this.batch.filter((item) => item.state === "waiting" || item.state === "sending").length;
    const done = this.batch.length - open;
    const said = open ? `${done} of ${this.batch.length} answered` : `${this.batch.length} pictures: ${tally(this.batch)}`;
    const news = !open && $("batch-title").textContent !== said;
    $("batch-title").textContent = said;
    $("batch-progress").hidden = $("batch-cancel").hidden = !open;
    $("batch-progress").value = done / this.batch.length;
    if (news) this.announce(said);
  }

  halted(error) {
    if (error.code === "unauthorized") askKey(error);
    else if (!error.busy) this.connection.retry(error);
  }

  /** Tell everybody: the voice, if it is on, and screen readers. */
  announce(aloud, written = aloud) {
    this.speaker.say(aloud);
    this.write(written, written === aloud ? this.speaker.language : "en");
  }

  /** Tell screen readers alone. */
  write(words, language = "en") {
    $("live-words").lang = language;
    $("live-words").textContent = words;
  }

  // What is shown.

  choose(item, { scroll = false } = {}) {
    if (this.live.watcher.on) this.live.turn(false);
    this.watching = false;
    $("stage").classList.remove("watching");
    this.current = item;
    $("stage").hidden = $("picture").hidden = false;
    $("camera").hidden = true;
    this.tiles.mark(item);
    this.draw();
    if (scroll) $("stage").scrollIntoView({ block: "nearest" });
  }

  draw() {
    const { current: item } = this;
    const id = $("answer").contains(document.activeElement) ? document.activeElement.id || "none" : "";
    if (item.url) drawPicture($("picture"), item);
    drawAnswer($("answer"), item, item.about ?? this.about, this.acts(item));
    // Who had the focus on a button that is gone is led to the answer.
    if (id) ($(id) ?? $("answer").querySelector("h2"))?.focus();
  }

  acts(item) {
    return {
      heat: item.blob ? () => this.turnHeat(item) : null,
      another: item.origin === "camera" && this.live.camera.open ? () => this.live.again() : null,
      say: this.speaker.able ? () => this.speaker.say(this.wordAloud(item), { always: true }) : null,
      retry: () => this.line.add([item]),
      cancel: () => this.line.cancel([item]),
      shrink: () => this.sendSmaller(item),
    };
  }

  wordAloud(item) {
    return sayAnswer(item.prediction, { about: item.about, language: this.speaker.language });
  }

  turnHeat(item) {
    return turnHeat(item, () => this.answer(item.blob, { evidence: true }), (_, words) => {
      this.refresh(item);
      this.write(words);
    });
  }

  async sendSmaller(item) {
    if (await makeSmaller(item, this.connection.answerer?.limits)) return this.line.add([item]);
    const error = { code: "not_shrunk", message: "This browser cannot open it, so it cannot make it smaller.", hint: "Make it smaller with another program." };
    return this.line.mark(item, "failed", { error });
  }

  // The camera.

  showCamera() {
    this.watching = true;
    $("stage").classList.add("watching");
    this.current = null;
    document.body.classList.add("asked");
    $("stage").hidden = $("camera").hidden = false;
    $("picture").hidden = $("batch").hidden = true;
    $("answer").replaceChildren(el("h2", { class: "headline waiting" }, "Point the camera at something"),
      el("p", { class: "note" }, "Take the picture, or let me answer as you move."));
    $("stage").scrollIntoView({ block: "nearest" });
  }

  hideCamera() {
    const last = this.visit.items.findLast((item) => item.url);
    if (last) this.choose(last);
    else {
      $("stage").hidden = true;
      document.body.classList.remove("asked");
    }
    this.watching = false;
    $("camera-open").focus();
  }

  showLive({ prediction, milliseconds, place }) {
    const side = place ? `${capital(LANGUAGES.en[place])}.` : "";
    drawAnswer($("answer"), { state: "answered", prediction, milliseconds, where: side }, this.about, {});
  }

  tell({ prediction, blob, facing, milliseconds }) {
    const item = makeItem(blob, `Camera, ${new Date().toLocaleTimeString()}`, { origin: "camera", facing, about: this.about });
    Object.assign(item, { state: "answered", prediction, milliseconds });
    this.visit.note(item, this.about);
    addThumbnail(item, () => this.visit.note(item, this.about));
  }

  needKey(error) {
    askKey(error);
  }

  // Small things.

  turnSpeech() {
    this.speaker.set({ on: !this.speaker.on });
    this.showSpeaking();
    this.speaker.say(this.speaker.words.on);
  }

  showSpeaking() {
    $("speak").setAttribute("aria-pressed", String(this.speaker.on));
    if (this.speaker.able) return;
    $("speak").disabled = true;
    $("speak").title = "This browser has no voice.";
  }

  forget() {
    this.line.cancel(this.batch);
    this.visit.forget();
    this.batch = [];
    this.current = null;
    this.tiles.show([]);
    if (!this.watching) {
      $("stage").hidden = true;
      document.body.classList.remove("asked");
    }
    $("choose").focus();
  }
}

new Page();
