// The live accuracy with its interval, and the accept policy's sentence.

import { $, el } from "../view/dom.js";
import { patch } from "../view/dom_patch.js";
import { scale, svg } from "./svg.js";
import { countText, oddsText, shareText } from "./wording.js";

/** @import { LiveAccuracy, PromiseTest } from "./data.js" */

const HEIGHT = 56;

/**
 * @param {object} found
 * @param {LiveAccuracy | null} found.accuracy
 * @param {PromiseTest | null} found.promise
 * @param {string | null} found.sentence the policy's sentence.
 * @param {{ value?: number, reference?: number } | null} [found.estimated] estimate without labels.
 */
export function drawAccuracy({ accuracy, promise, sentence, estimated }) {
  const texts = [accuracyText(accuracy), promiseText(promise, sentence), estimateText(estimated)];
  patch($("accuracy-text"), texts.filter(Boolean).map((text, index) => el("p", { class: index && !promise?.broken ? "aside" : "" }, text)));
  $("accuracy-chart").hidden = !accuracy;
  if (accuracy) drawInterval(accuracy);
}

/** @param {LiveAccuracy | null} accuracy */
function accuracyText(accuracy) {
  if (!accuracy) return "Not known yet: it is estimated from the labels of audited pictures.";
  const { value, low, high, audited } = accuracy;
  return `${shareText(value)} of the answers are right: between ${shareText(low)} and ${shareText(high)}, by ${countText(audited)} audited ${audited === 1 ? "picture" : "pictures"}. The interval holds at any time.`;
}

/** @param {PromiseTest | null} promise @param {string | null} sentence */
function promiseText(promise, sentence) {
  if (!promise) return "";
  const promised = sentence ?? `At most ${shareText(promise.asked)} of the accepted answers are wrong.`;
  const odds = typeof promise.evidence.against === "number" ? promise.evidence.against : null;
  if (promise.broken) return `The promise is broken: “${promised}” The evidence against it is ${oddsText(odds)}.`;
  return `“${promised}” Evidence against it: ${oddsText(odds)}.`;
}

/** @param {{ value?: number, reference?: number } | null | undefined} estimated */
function estimateText(estimated) {
  if (typeof estimated?.value !== "number") return "";
  const before = typeof estimated.reference === "number" ? `; ${shareText(estimated.reference)} on held-out pictures of the training` : "";
  return `Estimate without labels: ${shareText(estimated.value)}${before}. It is a hint, and raises no alarm.`;
}

/** @param {LiveAccuracy} accuracy */
function drawInterval({ value, low, high }) {
  const width = Math.max(260, $("accuracy-chart").clientWidth);
  const from = Math.max(0, Math.floor(10 * low - 0.5) / 10);
  const x = scale([from, 1], [8, width - 8]);
  const ticks = Array.from({ length: Math.round(10 * (1 - from)) + 1 }, (_, index) => from + index / 10);
  const root = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, "aria-hidden": "true" });
  root.append(
    ...ticks.flatMap((tick, index) => [
      svg("line", { class: "grid", x1: x(tick), x2: x(tick), y1: 4, y2: HEIGHT - 20 }),
      svg("text", { class: "tick", x: x(tick), y: HEIGHT - 5, "text-anchor": index === ticks.length - 1 ? "end" : index ? "middle" : "start" }, shareText(tick)),
    ]),
    svg("line", { class: "interval", x1: x(low), x2: x(high), y1: 20, y2: 20 }),
    svg("circle", { class: "estimate", cx: x(value), cy: 20, r: 7 }),
  );
  patch($("accuracy-chart"), [root]);
  $("accuracy-chart").setAttribute("aria-label", `Accuracy ${shareText(value)}, between ${shareText(low)} and ${shareText(high)}`);
}
