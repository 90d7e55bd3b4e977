// Speech output, by the browser's own voices.

import { loadSetting, saveSetting } from "../view/dom.js";
import { LANGUAGES } from "./phrases.js";

/** @import { LanguageCode } from "./phrases.js" */

/**
 * @typedef {{ on: boolean, language: LanguageCode, rate: number, voice: string }} SpeechSettings `voice` is a voice's
 *     URI.
 */

export class Speech {
  constructor() {
    /** @type {boolean} */
    this.on = loadSetting("speech.on", false);
    /** @type {LanguageCode} */
    this.language = loadSetting("speech.language", "en");
    this.rate = loadSetting("speech.rate", 1);
    this.voice = loadSetting("speech.voice", "");
    if (!LANGUAGES[this.language]) this.language = "en";
  }

  get isSupported() {
    return "speechSynthesis" in window;
  }

  get phrases() {
    return LANGUAGES[this.language];
  }

  /** List the voices of the chosen language. */
  listVoices() {
    if (!this.isSupported) return [];
    return speechSynthesis.getVoices().filter((voice) => voice.lang.toLowerCase().startsWith(this.language));
  }

  /** Change settings, and keep them for later sessions. @param {Partial<SpeechSettings>} changes */
  set(changes) {
    Object.assign(this, changes);
    for (const [name, value] of Object.entries(changes)) saveSetting(`speech.${name}`, value);
    if (!this.on && this.isSupported) speechSynthesis.cancel();
  }

  /**
   * Speak now, in place of what is being spoken; `always` even where speech is off.
   *
   * @param {string} text
   * @param {{ always?: boolean }} [options]
   */
  speak(text, { always = false } = {}) {
    if (!this.isSupported || !text || !(this.on || always)) return;
    const utterance = new SpeechSynthesisUtterance(text);
    const voice = this.listVoices().find((each) => each.voiceURI === this.voice);
    utterance.lang = voice?.lang ?? this.language;
    utterance.rate = this.rate;
    if (voice) utterance.voice = voice;
    speechSynthesis.cancel();
    speechSynthesis.speak(utterance);
  }
}
