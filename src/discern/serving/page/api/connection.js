// Finds the answerer, and finds it again when it was away.

import { connect } from "./connect.js";
import { $, el, remember } from "../view/dom.js";

const WAITS = [1, 2, 3, 5, 8];

export class Connection {
  constructor({ known, needKey }) {
    Object.assign(this, { known, needKey });
    this.answerer = null;
    this.tries = 0;
    this.round = 0;
  }

  /** Ask until there is an answer, telling what is going on; `known(about)` is called with it. */
  async establish(model) {
    if (model !== undefined) this.model = model;
    clearTimeout(this.timer);
    this.round += 1;
    // What comes after somebody has asked anew is about something that nobody wants any more.
    const { round } = this;
    const late = () => round !== this.round;
    try {
      this.answerer ??= await this.open();
      const found = await this.describe(late);
      if (!late()) this.settle(found);
    } catch (error) {
      if (late()) return;
      if (error?.code === "unauthorized") this.needKey(error);
      else this.retry(error);
    }
  }

  /** One answerer, however often it is asked for: a second one would load the model a second time. */
  open() {
    this.opening ??= connect().finally(() => (this.opening = null));
    return this.opening;
  }

  settle({ about, gone }) {
    this.tries = 0;
    hideNotice();
    this.known(about);
    if (gone) showNotice([`There is no model “${gone}” here any more; “${about.name}” answers now.`], { label: "All right", act: hideNotice });
  }

  /** What answers: the model that was chosen, or the first where that one is gone. */
  async describe(late) {
    const { model } = this;
    try {
      return { about: await this.answerer.about({ model }) };
    } catch (error) {
      if (late() || error?.code !== "not_found" || model === undefined) throw error;
      this.model = undefined;
      remember("model", undefined);
      return { about: await this.answerer.about(), gone: model };
    }
  }

  retry(error) {
    clearTimeout(this.timer);
    const seconds = error?.retryAfter ?? WAITS[Math.min(this.tries, WAITS.length - 1)];
    this.tries += 1;
    showNotice(
      [`${error?.message ?? "This page cannot be set up."} `, `${error?.hint ?? ""} Pictures that you give me now are kept until then. `],
      { label: "Try now", act: () => this.establish() },
    );
    this.timer = setTimeout(() => this.establish(), 1000 * seconds);
  }
}

/** Say something that concerns the whole page, with at most one thing to do about it. */
export function showNotice(words, button) {
  const text = words.join("").trim();
  const notice = $("notice");
  // Saying the same again would make a screen reader say it again.
  if (!notice.hidden && notice.dataset.text === text) return;
  notice.dataset.text = text;
  notice.replaceChildren(el("p", {}, text), button ? el("button", { type: "button", onclick: button.act }, button.label) : "");
  notice.hidden = false;
}

export function hideNotice() {
  $("notice").hidden = true;
}
