// Notice at the top of the page, for what concerns all of it.

import { $, el } from "./dom.js";

/** Show a notice with at most one action. @param {string} text @param {{ label: string, act: () => void }} [button] */
export function showNotice(text, button) {
  const notice = $("notice");
  // A screen reader would announce the same text again.
  if (!notice.hidden && notice.dataset.text === text) return;
  notice.dataset.text = text;
  notice.replaceChildren(el("p", {}, text));
  if (button) notice.append(el("button", { type: "button", onclick: button.act }, button.label));
  notice.hidden = false;
}

export function hideNotice() {
  $("notice").hidden = true;
}
