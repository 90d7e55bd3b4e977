// Announcements of what happens: by the page's voice, if it is on, and by screen readers.

import { $, loadSetting, saveSetting } from "../view/dom.js";
import { answerText, DECISIONS } from "../view/text.js";
import { spokenAnswer, summarise, userSide } from "./phrases.js";
import { Speech } from "./speech.js";

/** @import { Place } from "../api/types.js" */
/** @import { Item } from "../queue/items.js" */

// What announces live answers: the page's voice, or a screen reader.
const [PAGE, READER] = ["page", "reader"];

export class Announcer {
  speech = new Speech();
  #liveVoice = loadSetting("describer", PAGE);

  constructor() {
    $("speak").onclick = () => this.#toggle();
    $("live-voice").onchange = () => this.#setLiveVoice($("live-voice").value);
    this.#draw();
  }

  get language() {
    return this.speech.language;
  }

  get phrases() {
    return this.speech.phrases;
  }

  /** Announce something by voice and to screen readers. @param {string} spoken @param {string} [written] */
  announce(spoken, written = spoken) {
    this.speech.speak(spoken);
    this.write(written, written === spoken ? this.language : "en");
  }

  /** Announce a live answer by one voice alone: nobody understands two at once. @param {string} text */
  announceLive(text) {
    this.speech.speak(text);
    this.write(this.isSpeaking ? "" : text, this.language);
  }

  /** True where the page speaks itself, instead of leaving it to a screen reader. */
  get isSpeaking() {
    return this.speech.on && this.speech.isSupported;
  }

  /** Announce something to screen readers alone. @param {string} text @param {string} [language] */
  write(text, language = "en") {
    $("announcements").lang = language;
    $("announcements").textContent = text;
  }

  /** Announce the outcome of an item. @param {Item} item */
  announceItem(item) {
    const { prediction, error } = item;
    if (item.state === "failed") {
      this.announce(this.phrases.failed, `No answer: ${error?.message ?? ""} ${error?.hint ?? ""}`);
      return;
    }
    if (!prediction) return;
    const place = item.origin === "camera" ? userSide(prediction.evidence?.place ?? null, item.facing) : null;
    const written = `${DECISIONS[prediction.decision]}: ${answerText(prediction, item.modelInfo).headline}`;
    this.announce(this.#spokenText(item, place), written);
  }

  /** Announce the outcome of several items. @param {Item[]} items */
  announceSummary(items) {
    this.announce(summarise(items, this.language), summarise(items));
  }

  /** Function that reads an item's answer aloud, even where the voice is off; null where this browser has no voice. */
  get readAloud() {
    if (!this.speech.isSupported) return null;
    return (/** @type {Item} */ item) => this.speech.speak(this.#spokenText(item), { always: true });
  }

  /** @param {Item} item @param {Place | null} [place] */
  #spokenText({ prediction, modelInfo }, place = null) {
    return prediction ? spokenAnswer(prediction, { modelInfo, language: this.language, place }) : "";
  }

  #toggle() {
    this.speech.set({ on: !this.speech.on });
    this.#draw();
    this.speech.speak(this.phrases.on);
  }

  /** Turn the voice on for this session, unless live answers are left to a screen reader. */
  enable() {
    if (this.#liveVoice === PAGE) this.speech.on = true;
    this.#draw();
  }

  /** Choose what announces live answers, in this session and later ones. @param {string} voice */
  #setLiveVoice(voice) {
    this.#liveVoice = voice;
    saveSetting("describer", voice);
    if (voice === PAGE) this.enable();
    else this.speech.set({ on: false });
    this.#draw();
  }

  #draw() {
    $("speak").setAttribute("aria-pressed", String(this.speech.on));
    $("live-voice").value = this.isSpeaking ? PAGE : READER;
    if (this.speech.isSupported) return;
    $("speak").disabled = $("live-voice").disabled = true;
    $("speak").title = $("live-voice").title = "This browser has no voice.";
  }
}
