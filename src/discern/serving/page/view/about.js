// Description of the model: what it knows, its accuracy, and its accept policy.

import { el } from "./dom.js";
import { isolate, joinList, labelName } from "./text.js";

/** @import { ModelInfo } from "../api/types.js" */

const MAX_NAMES = 8;

/** Name what it knows in one sentence. @param {ModelInfo} info */
export function knowledgeText(info) {
  const names = info.labels.map((label) => labelName(label, info));
  const things = names.length <= MAX_NAMES ? joinList(names) : `${names.length} things, among them ${joinList(names.slice(0, 4))}`;
  return `I know ${things}. If it is something else, or I am not sure, I say so.`;
}

/**
 * State the accuracy on pictures unrelated to the training pictures; "" where it was not measured.
 *
 * @param {ModelInfo} info
 */
export function accuracyText(info) {
  const accuracy = info.metrics?.accuracy?.leak_free;
  if (typeof accuracy?.value !== "number") return "";
  const { value, low, high, estimates } = accuracy;
  const range = typeof low === "number" && typeof high === "number" ? ` (95 % interval ${oneDecimal(low)} to ${oneDecimal(high)})` : "";
  const subject = estimates === "recipe" ? "A model made this way is" : "It is";
  return `${subject} right ${oneDecimal(value)} of the time on pictures unlike any it learned from${range}.`;
}

/** State its accept policy, in the bundle's own words. @param {ModelInfo} info */
export function policyText(info) {
  return info.policy?.sentence || "It has no accept policy, so a person confirms every answer.";
}

/** @param {number} share */
const oneDecimal = (share) => `${(100 * share).toFixed(1)}\u202f%`;

/** Draw the whole description. @param {HTMLElement} container @param {ModelInfo} info */
export function drawAbout(container, info) {
  const naive = info.metrics?.accuracy?.naive?.value;
  const { backbone } = info;
  /** @type {[string, string | Node][]} */
  const facts = [
    ["Name", `${info.name}, version ${info.version}`],
    ["Accuracy", accuracyText(info) || "Not measured."],
    ["With a random split", typeof naive === "number" ? `${oneDecimal(naive)}: the figure that is usually quoted, inflated by data leakage.` : ""],
    ["Accept policy", policyText(info)],
    ["Backbone", backbone?.name ? `${backbone.name}, pretrained on ${backbone.pretraining ?? "unknown pictures"}` : ""],
    ["Fingerprint", el("code", {}, info.fingerprint)],
  ];
  const rows = facts.filter(([, value]) => value).flatMap(([term, value]) => [el("dt", {}, term), el("dd", {}, value)]);
  container.replaceChildren(
    el("dl", { class: "facts" }, ...rows),
    el("details", { open: info.labels.length <= 20 }, el("summary", {}, `The ${info.labels.length} things it knows`), drawLabels(info)),
  );
  if (info.card) container.append(el("details", {}, el("summary", {}, "Model card"), el("div", { class: "card-text" }, ...renderMarkdown(info.card))));
}

/** @param {ModelInfo} info */
function drawLabels(info) {
  return el(info.ordered ? "ol" : "ul", { class: "labels" }, ...info.labels.map((label) => {
    const name = labelName(label, info);
    return el("li", {}, name, name === isolate(label) ? null : el("code", {}, label));
  }));
}

/** Render Markdown as far as model cards use it: headings, lists, paragraphs, bold and code. @param {string} text */
function renderMarkdown(text) {
  return text.split(/\n{2,}/).filter((block) => block.trim()).map((block) => {
    const heading = /^(#+)\s+(.*)$/s.exec(block);
    if (heading) return el(heading[1].length > 1 ? "h4" : "h3", {}, ...renderInline(heading[2]));
    const items = block.split(/\n(?=- )/);
    if (items[0].startsWith("- ")) return el("ul", {}, ...items.map((item) => el("li", {}, ...renderInline(item.slice(2)))));
    return el("p", {}, ...renderInline(block));
  });
}

/** @param {string} text */
function renderInline(text) {
  return text.split(/(\*\*[^*]+\*\*|`[^`]+`)/).map((piece) => {
    if (piece.startsWith("**")) return el("strong", {}, piece.slice(2, -2));
    if (piece.startsWith("`")) return el("code", {}, piece.slice(1, -1));
    return piece;
  });
}
