// Tells people what happens: the voice, if it is on, and screen readers.

import { $ } from "./dom.js";
import { sayAnswer, sideOf } from "./phrases.js";
import { Speaker } from "./speaking.js";
import { DECISIONS, wordAnswer } from "./wording.js";

export class Teller {
  constructor() {
    this.speaker = new Speaker();
    $("speak").onclick = () => this.turn();
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

  /** Turn the voice on for this visit. */
  turnOn() {
    this.speaker.on = true;
    this.showSpeaking();
  }

  showSpeaking() {
    $("speak").setAttribute("aria-pressed", String(this.speaker.on));
    if (this.speaker.able) return;
    $("speak").disabled = true;
    $("speak").title = "This browser has no voice.";
  }
}
