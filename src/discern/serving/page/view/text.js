// Text on the screen for predictions, labels and numbers.

import { lowerArticle, missingPolicy } from "../api/decide.js";

/** @import { ModelInfo, Place, Prediction } from "../api/types.js" */

export const DECISIONS = { accept: "Accepted", review: "Please check", unknown: "Unknown" };

const THIN_SPACE = "\u202f";
// Labels at least this share as likely as the first are named beside it.
const CLOSE = 0.5;

/** @param {string} text */
export const capitalise = (text) => text.replace(/^\u2068?./u, (first) => first.toLocaleUpperCase());

/**
 * Name a label as people know it: by its display name, else by the label itself.
 *
 * @param {string} label
 * @param {ModelInfo | null | undefined} info
 */
export function labelName(label, info) {
  const names = info?.names ?? {};
  return isolate((Object.hasOwn(names, label) && names[label].name) || label.replaceAll("_", " "));
}

/** Name what a prediction found. @param {Prediction} prediction @param {ModelInfo | null | undefined} info */
export function predictionName(prediction, info) {
  return prediction.name ? isolate(prediction.name) : labelName(prediction.label, info);
}

/**
 * Wrap right-to-left text in marks that keep it from reordering the sentence around it (as `bdi` does).
 *
 * @param {string} name
 */
export function isolate(name) {
  return /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u.test(name) ? `\u2068${name}\u2069` : name;
}

/** Format a share without overclaiming: nothing below one is "100 %". @param {number} share */
export function percent(share) {
  const rounded = Math.round(100 * share);
  if (rounded >= 100 && share < 1) return `over 99${THIN_SPACE}%`;
  if (rounded <= 0 && share > 0) return `under 1${THIN_SPACE}%`;
  return `${rounded}${THIN_SPACE}%`;
}

/** @param {number} value */
export function formatDuration(value) {
  return value < 1000 ? `${Math.max(1, Math.round(value))}${THIN_SPACE}ms` : `${(value / 1000).toFixed(1)}${THIN_SPACE}s`;
}

/** Join names as in a sentence. @param {string[]} names @param {"and" | "or"} [joiner] */
export function joinList(names, joiner = "and") {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} ${joiner} ${names.at(-1)}`;
}

/**
 * List the likeliest labels, the first one first; ordered labels stay in their order.
 *
 * @param {Prediction} prediction
 * @param {ModelInfo | null | undefined} info
 */
export function candidates(prediction, info, most = 5) {
  const all = Object.entries(prediction.probabilities).map(([label, share]) => ({ label, share, name: labelName(label, info) }));
  const best = [...all].sort((a, b) => b.share - a.share).slice(0, most);
  return info?.ordered && all.length <= most + 2 ? all : best;
}

/**
 * Name the first label, and those at least half as likely.
 *
 * @param {Prediction} prediction
 * @param {ModelInfo | null | undefined} info
 */
export function closeCandidates(prediction, info) {
  const ranked = Object.entries(prediction.probabilities).sort((a, b) => b[1] - a[1]);
  return ranked.filter(([, share]) => share >= CLOSE * ranked[0][1]).slice(0, 3).map(([label]) => labelName(label, info));
}

/**
 * Describe an answer: one large sentence, and a note.
 *
 * @param {Prediction} prediction
 * @param {ModelInfo | null | undefined} info
 */
export function answerText(prediction, info) {
  const name = predictionName(prediction, info);
  const sure = percent(prediction.confidence);
  if (prediction.decision === "unknown") {
    return {
      headline: `This is not one of the things I know. It looks most like ${lowerArticle(name)}.`,
      note: "None of the pictures I learned from was quite like it.",
    };
  }
  if (prediction.decision === "accept") {
    return { headline: `${capitalise(name)}, ${sure}`, note: prediction.route ? `Goes to ${prediction.route}.` : "" };
  }
  return reviewText(prediction, info, name, sure);
}

/**
 * @param {Prediction} prediction
 * @param {ModelInfo | null | undefined} info
 * @param {string} name
 * @param {string} sure
 */
function reviewText(prediction, info, name, sure) {
  const close = closeCandidates(prediction, info).map(lowerArticle);
  if (close.length > 2) return { headline: `I can’t decide between ${joinList(close)}: please have a look.`, note: "" };
  if (close.length === 2) return { headline: `I can’t tell ${close[0]} from ${close[1]} here: please have a look.`, note: "" };
  const acceptsNothing = info?.thresholds?.accept === null;
  if (acceptsNothing) return { headline: `${capitalise(name)}, ${sure}`, note: missingPolicy(info?.policy) };
  const unmeasured = (info?.metrics?.split?.unjudged ?? []).includes(prediction.label);
  return {
    headline: `Probably ${lowerArticle(name)}, ${sure}: please have a look.`,
    note: unmeasured ? "How often this answer is right could not be measured, so a person confirms it." : "",
  };
}

/**
 * Describe a prediction's further results: the prediction set, and for ordered labels the median where it is another
 * label. Unknown pictures have neither.
 *
 * @param {Prediction} prediction
 * @param {ModelInfo | null | undefined} info
 */
export function answerNotes(prediction, info) {
  const { decision, label, set, order_value: value } = prediction;
  if (decision === "unknown") return [];
  const coverage = info?.metrics?.conformal?.asked;
  const often = typeof coverage === "number" ? ` (right for ${percent(coverage)} of pictures)` : "";
  const median = typeof value === "number" ? labelAt(value, info?.labels ?? []) : label;
  return [
    set && set.length > 1 ? `It is one of these${often}: ${joinList(set.map((each) => lowerArticle(labelName(each, info))), "or")}.` : "",
    median !== undefined && median !== label ? `The middle of the likely range is ${lowerArticle(labelName(median, info))}.` : "",
  ].filter(Boolean);
}

/**
 * Find the label of an order value: ordered labels count as numbers where all are numbers, else by their position.
 *
 * @param {number} value
 * @param {string[]} labels
 */
function labelAt(value, labels) {
  const numbers = labels.map((label) => (label.trim() ? Number(label) : NaN));
  return numbers.every(Number.isFinite) ? labels[numbers.indexOf(value)] : labels[value];
}

/** Say where in the picture the answer is seen, for people who look at the picture. @param {Place | null} place */
export function placeText(place) {
  const where = place && { left: "on the left", centre: "in the middle", right: "on the right" }[place];
  return where ? `I see it mostly ${where} of the picture.` : "What I see is spread across the picture.";
}
