// From the graph's outputs to the JSON answer, word for word as discern.bundle.prediction builds it.

import { roundHalfEven } from "../decode/resample.js";

// As in discern.bundle.prediction_sets.
const PROBABILITY_TOLERANCE = 1e-3;

/** @import { Decision, ModelInfo, Prediction } from "./types.js" */

/**
 * @typedef {Pick<ModelInfo, "labels" | "thresholds" | "names" | "scale" | "metrics" | "policy"> & { model: Prediction["model"] }} DecisionModel
 *     `scale` has, for ordered labels, each one's position or number; else null.
 */

/**
 * Turn one picture's outputs into an answer.
 *
 * @param {Float32Array} probabilities one number per label, in the labels' order.
 * @param {number} unknownScore how far the picture is from what the model was trained on.
 * @param {DecisionModel} model
 * @returns {Prediction} the JSON object that every API returns.
 */
export function decide(probabilities, unknownScore, { labels, thresholds, names, scale, metrics, policy, model }) {
  const values = Array.from(probabilities);
  const best = values.reduce((most, value, index) => (sortKey(value) > sortKey(values[most]) ? index : most), 0);
  const [label, confidence] = [labels[best], values[best]];
  const decidable = areDistribution(values) && Number.isFinite(unknownScore);
  const measured = !(metrics?.split?.unjudged ?? []).includes(label);
  const decision = decidable ? applyThresholds(confidence, unknownScore, thresholds, measured) : "unknown";
  const caveat = thresholds.accept === null ? missingPolicy(policy) : "";
  const display = Object.hasOwn(names, label) ? names[label] : {};
  const name = display.name || label;
  const { set } = thresholds;
  /** @type {Prediction} */
  const answer = {
    label,
    decision,
    confidence,
    probabilities: Object.fromEntries(labels.map((each, index) => [each, values[index]])),
    set: set === null ? null : labels.filter((_, index) => index === best || values[index] >= set),
    unknown_score: unknownScore,
    looks_like: decision === "unknown" ? label : null,
    message: writtenMessage(name, decision, confidence, caveat),
    model: { ...model },
    id: randomId(),
  };
  if (scale) answer.order_value = scale[medianIndex(values)];
  if (Object.keys(names).length === 0) return answer;
  const spoken = spokenMessage(display.spoken || name, decision, confidence, caveat);
  return { ...answer, name, spoken, route: (decision === "accept" && display.route) || null };
}

/** Sort key of a probability: NaN counts as the smallest. @param {number} value */
function sortKey(value) {
  return Number.isNaN(value) ? -Infinity : value;
}

/** Whether all are in [0, 1] and their sum is 1, but for rounding; false with NaN. @param {number[]} values */
function areDistribution(values) {
  const inside = values.every((value) => value >= -PROBABILITY_TOLERANCE && value <= 1 + PROBABILITY_TOLERANCE);
  return inside && Math.abs(values.reduce((sum, value) => sum + value, 0) - 1) <= PROBABILITY_TOLERANCE;
}

/**
 * Unknown pictures first, then confident ones; all others need a review.
 *
 * @param {number} confidence
 * @param {number} unknownScore
 * @param {ModelInfo["thresholds"]} thresholds
 * @param {boolean} measured whether the accuracy of the label is known; otherwise it is never accepted.
 * @returns {Decision}
 */
function applyThresholds(confidence, unknownScore, { unknown, accept }, measured) {
  if (unknown !== null && unknownScore > unknown) return "unknown";
  return measured && accept !== null && confidence >= accept ? "accept" : "review";
}

/** Index of the label that holds the median of the probability; of two the first. @param {number[]} values */
function medianIndex(values) {
  let sum = 0;
  const cumulative = values.map((value) => (sum += value));
  return Math.max(0, cumulative.findIndex((each) => each >= sum / 2));
}

/**
 * State in one sentence why a model accepts nothing, and the number of groups that are needed.
 *
 * @param {ModelInfo["policy"]} policy
 */
export function missingPolicy(policy) {
  const needed = policy?.needed;
  if (!needed) return "It comes without a promise, so please have a look.";
  return `Too few pictures for a promise: about ${needed.toLocaleString("en-US")} more.`;
}

const ARTICLE = /^(?:a|an|the) (?=\p{L})/iu;

/** Write the article at the beginning of a name in lower case, as within a sentence. @param {string} name */
export function lowerArticle(name) {
  return name.replace(ARTICLE, (article) => article.toLowerCase());
}

/** @param {string} name @param {Decision} decision @param {number} confidence @param {string} caveat */
function writtenMessage(name, decision, confidence, caveat) {
  const named = ARTICLE.test(name) ? lowerArticle(name) : `"${name}"`;
  if (decision === "unknown") return `This is not one of the things I know; it looks most like ${named}.`;
  if (decision === "accept") return `This is ${named} (${percent(confidence)} %).`;
  const start = ARTICLE.test(name) ? name[0].toUpperCase() + name.slice(1) : name;
  if (caveat) return `${start} (${percent(confidence)} %). ${caveat}`;
  return `This looks like ${named} (${percent(confidence)} %), but please have a look.`;
}

/** @param {string} name @param {Decision} decision @param {number} confidence @param {string} caveat */
function spokenMessage(name, decision, confidence, caveat) {
  if (decision === "unknown") return `none of the things I know; most like ${lowerArticle(name)}`;
  const sure = `${percent(confidence)} percent`;
  if (decision === "accept") return `${name}, ${sure} sure`;
  return `${caveat ? name : `perhaps ${lowerArticle(name)}`}, ${sure}; please check`;
}

/** @param {number} confidence */
function percent(confidence) {
  return confidence >= 0.995 && confidence < 1 ? "over 99" : `${roundHalfEven(100 * confidence)}`;
}

function randomId() {
  // Unlike randomUUID, this is available on pages without TLS, too.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
