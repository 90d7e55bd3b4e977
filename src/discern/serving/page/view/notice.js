// Notices at the top of the page, one for each topic: who settles one topic does not hide another's.

import { $, el } from "./dom.js";

/** @typedef {"answers" | "camera" | "connection" | "examples"} Topic */

/**
 * Show the notice of a topic, in place of the one before, with at most one action; return the notice.
 *
 * @param {Topic} topic
 * @param {string} text
 * @param {{ label: string, act: () => void }} [button]
 */
export function showNotice(topic, text, button) {
  const shown = find(topic);
  // A screen reader would announce the same text again.
  if (shown?.dataset.text === text) return shown;
  const notice = el("div", { class: "notice" }, el("p", {}, text));
  Object.assign(notice.dataset, { topic, text });
  if (button) notice.append(el("button", { type: "button", onclick: button.act }, button.label));
  if (shown) shown.replaceWith(notice);
  else $("notice").append(notice);
  $("notice").hidden = false;
  return notice;
}

/** @param {Topic} topic */
export function hideNotice(topic) {
  find(topic)?.remove();
  $("notice").hidden = !$("notice").hasChildNodes();
}

/** @param {Topic} topic @returns {HTMLElement | null} */
const find = (topic) => $("notice").querySelector(`[data-topic="${topic}"]`);
