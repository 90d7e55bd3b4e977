// Spoken answers, by the browser's own voices.

import { recall, remember } from "../view/dom.js";
import { LANGUAGES } from "./phrases.js";

export class Speaker {
  constructor() {
    this.on = recall("speech.on", false);
    this.language = recall("speech.language", "en");
    this.rate = recall("speech.rate", 1);
    this.voice = recall("speech.voice", "");
    if (!LANGUAGES[this.language]) this.language = "en";
  }

  get able() {
    return "speechSynthesis" in window;
  }

  get words() {
    return LANGUAGES[this.language];
  }

  /** The voices of the chosen language, the browser's own choice first. */
  voices() {
    if (!this.able) return [];
    return speechSynthesis.getVoices().filter((voice) => voice.lang.toLowerCase().startsWith(this.language));
  }

  set(changes) {
    for (const [name, value] of Object.entries(changes)) {
      this[name] = value;
      remember(`speech.${name}`, value);
    }
    if (!this.on) this.hush();
  }

  /** Say something now; what is being said gives way to it. */
  say(text, { always = false } = {}) {
    if (!this.able || !text || !(this.on || always)) return;
    const utterance = new SpeechSynthesisUtterance(text);
    const voice = this.voices().find((each) => each.voiceURI === this.voice);
    utterance.lang = voice?.lang ?? this.language;
    utterance.rate = this.rate;
    if (voice) utterance.voice = voice;
    speechSynthesis.cancel();
    speechSynthesis.speak(utterance);
  }

  hush() {
    if (this.able) speechSynthesis.cancel();
  }
}
