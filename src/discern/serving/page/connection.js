// Finds the answerer, and finds it again when it was away.

import { connect } from "./answering.js";
import { $, el, remember } from "./dom.js";

const WAITS = [1, 2, 3, 5, 8];

export class Connection {
  constructor({ known, needKey }) {
    Object.assign(this, { known, needKey });
    this.answerer = null;
    this.tries = 0;
  }

  /** Ask until there is an answer, telling what is going on; `known(about)` is called with it. */
  async establish(model) {
    if (model !== undefined) this.model = model;
    clearTimeout(this.timer);
    try {
      this.answerer ??= await connect();
      const { about, gone } = await this.describe();
      this.tries = 0;
      hideNotice();
      this.known(about);
      if (gone) showNotice([`There is no model “${gone}” here any more; “${about.name}” answers now.`], { label: "All right", act: hideNotice });
    } catch (error) {
      if (error?.code === "unauthorized") this.needKey(error);
      else this.retry(error);
    }
  }

  /** What answers: the model that was chosen, or the first where that one is gone. */
  async describe() {
    const { model } = this;
    try {
      return { about: await this.answerer.about({ model }) };
    } catch (error) {
      if (error?.code !== "not_found" || model === undefined) throw error;
      this.model = undefined;
      remember("model", undefined);
      return { about: await this.answerer.about(), gone: model };
    }
  }

  retry(error) {
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
