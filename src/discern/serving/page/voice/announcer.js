// Tells people what happens: the voice, if it is on, and screen readers.

import { $, recall, remember } from "../view/dom.js";
import { sayAnswer, sayTally, sideOf } from "./phrases.js";
import { Speaker } from "./speech.js";
import { DECISIONS, wordAnswer } from "../view/text.js";

const [PAGE, READER] = ["page", "reader"];

export class Teller {
  constructor() {
    this.speaker = new Speaker();
    this.describer = recall("describer", PAGE);
    $("speak").onclick = () => this.turn();
    $("said-by").onchange = () => this.sayBy($("said-by").value);
    this.showSpeaking();
  }

  get language() {
    return this.speaker.language;
  }

  get words() {
    return this.speaker.words;
  }

  /** Tell everybody. */
  announce(aloud, written = aloud) {
    this.speaker.say(aloud);
    this.write(written, written === aloud ? this.language : "en");
  }

  /** Tell what the camera sees by one voice alone: two that say the same at once cannot be understood. */
  describe(words) {
    this.speaker.say(words);
    this.write(this.speaking ? "" : words, this.language);
  }

  /** Whether the page says things itself, rather than leave it to a screen reader. */
  get speaking() {
    return this.speaker.on && this.speaker.able;
  }

  /** Tell screen readers alone. */
  write(words, language = "en") {
    $("live-words").lang = language;
    $("live-words").textContent = words;
  }

  /** Tell what became of an item. */
  announceItem(item) {
    if (item.state === "failed") {
      this.announce(this.words.failed, `No answer: ${item.error.message} ${item.error.hint}`);
      return;
    }
    const place = item.origin === "camera" ? sideOf(item.prediction.evidence?.place ?? null, item.facing) : null;
    const written = `${DECISIONS[item.prediction.decision]}: ${wordAnswer(item.prediction, item.about).headline}`;
    this.announce(this.wordAloud(item, place), written);
  }

  /** Tell what became of several items. */
  announceTally(items) {
    this.announce(sayTally(items, this.language), sayTally(items));
  }

  /** Say an item's answer, whether or not the voice is on; null where this browser has no voice. */
  get sayAgain() {
    return this.speaker.able ? (item) => this.speaker.say(this.wordAloud(item), { always: true }) : null;
  }

  wordAloud(item, place = null) {
    return sayAnswer(item.prediction, { about: item.about, language: this.language, place });
  }

  turn() {
    this.speaker.set({ on: !this.speaker.on });
    this.showSpeaking();
    this.speaker.say(this.words.on);
  }

  /** Turn the voice on for this visit, unless what the camera sees is left to a screen reader. */
  turnOn() {
    if (this.describer === PAGE) this.speaker.on = true;
    this.showSpeaking();
  }

  /** Choose who says what the camera sees, for this visit and later ones. */
  sayBy(who) {
    this.describer = who;
    remember("describer", who);
    if (who === PAGE) this.turnOn();
    else this.speaker.set({ on: false });
    this.showSpeaking();
  }

  showSpeaking() {
    $("speak").setAttribute("aria-pressed", String(this.speaker.on));
    $("said-by").value = this.speaking ? PAGE : READER;
    if (this.speaker.able) return;
    $("speak").disabled = $("said-by").disabled = true;
    $("speak").title = $("said-by").title = "This browser has no voice.";
  }
}
