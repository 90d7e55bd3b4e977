// What an answer comes to: as discern.bundle.prediction decides it and says it, to the letter.

import { roundHalfEven } from "../decode/resample.js";

/**
 * Turn one picture's figures into an answer.
 *
 * @param probabilities one number a label, in the labels' order.
 * @param unknownScore how strange the picture is.
 * @param model.labels the labels, in order.
 * @param model.thresholds unknown, accept and set; each may be null.
 * @param model.names what people call some labels: name, spoken, route.
 * @param model.scale for ordered labels each one's place or number; else null.
 * @param model.model name, version and fingerprint.
 * @returns the JSON object that every door gives.
 */
export function decide(probabilities, unknownScore, { labels, thresholds, names, scale, model }) {
  const values = Array.from(probabilities);
  const best = values.indexOf(values.reduce((most, value) => Math.max(most, value)));
  const [label, confidence] = [labels[best], values[best]];
  const decision = judge(confidence, unknownScore, thresholds);
  const words = Object.hasOwn(names, label) ? names[label] : {};
  const name = words.name || label;
  const answer = {
    label,
    decision,
    confidence,
    probabilities: Object.fromEntries(labels.map((each, place) => [each, values[place]])),
    set: thresholds.set === null ? null : labels.filter((_, place) => place === best || values[place] >= thresholds.set),
    unknown_score: unknownScore,
    looks_like: decision === "unknown" ? label : null,
    message: say(name, decision, confidence),
    model: { ...model },
    id: identifier(),
  };
  if (scale) answer.order_value = scale[median(values)];
  if (Object.keys(names).length === 0) return answer;
  const spoken = sayAloud(words.spoken || name, decision, confidence);
  return { ...answer, name, spoken, route: (decision === "accept" && words.route) || null };
}

/** A stranger first, then sure enough, else a person. */
function judge(confidence, unknownScore, { unknown, accept }) {
  if (unknown !== null && unknownScore > unknown) return "unknown";
  return accept !== null && confidence >= accept ? "accept" : "review";
}

/** The place of the label in the middle of the probability; of two middles the first. */
function median(values) {
  let sum = 0;
  const below = values.map((value) => (sum += value));
  return below.findIndex((each) => each >= sum / 2);
}

function say(name, decision, confidence) {
  if (decision === "unknown") return `This is not one of the things I know; it looks most like "${name}".`;
  if (decision === "accept") return `This is "${name}" (${percent(confidence)} %).`;
  return `This looks like "${name}" (${percent(confidence)} %), but please have a look.`;
}

function sayAloud(name, decision, confidence) {
  if (decision === "unknown") return `none of the things I know; most like ${name}`;
  const sure = `${percent(confidence)} percent`;
  return decision === "accept" ? `${name}, ${sure} sure` : `perhaps ${name}, ${sure}; please check`;
}

function percent(confidence) {
  return confidence >= 0.995 && confidence < 1 ? "over 99" : `${roundHalfEven(100 * confidence)}`;
}

function identifier() {
  // Unlike randomUUID, this is there on pages without TLS too.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
