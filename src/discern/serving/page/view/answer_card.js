// Card with one picture's answer, or with its progress.

import { el, icon } from "./dom.js";
import { patch } from "./dom_patch.js";
import { loadingShare, loadingText } from "./loading_messages.js";
import { answerNotes, answerText, candidates, DECISIONS, formatDuration, percent } from "./text.js";

/** @import { ApiError } from "../api/api_error.js" */
/** @import { Decision, ModelInfo, Prediction } from "../api/types.js" */
/** @import { Item } from "../queue/items.js" */

/**
 * @typedef {object} CardActions the actions of the card's buttons; null for those that are not available.
 * @property {(() => void) | null} [heatmap]
 * @property {(() => void) | null} [retake]
 * @property {(() => void) | null} [readAloud]
 * @property {(() => void) | null} [correct]
 * @property {(() => void) | null} [retry]
 * @property {(() => void) | null} [cancel]
 * @property {(() => void) | null} [downscale]
 *
 * @typedef {Omit<Partial<Item>, "id"> & { id: number | string, state: Item["state"], location?: string }} CardItem
 * @typedef {(Node | "" | false | null | undefined)[]} Parts
 */

/**
 * Draw an item's state. For the same item and state only the differences are drawn.
 *
 * @param {HTMLElement} container
 * @param {CardItem} item
 * @param {ModelInfo | null} info
 * @param {CardActions} actions
 */
export function drawAnswer(container, item, info, actions) {
  const { prediction, error } = item;
  if (item.state === "answered" && prediction) {
    drawCard(container, `${item.id} answered`, answeredParts(item, prediction, info, actions));
  } else if ((item.state === "failed" || item.state === "cancelled") && error) {
    drawCard(container, `${item.id} failed`, failedParts(item, error, actions));
  } else {
    drawCard(container, `${item.id} pending`, pendingParts(item, info, actions));
  }
}

/**
 * Draw a card of another type, or update the one that is there.
 *
 * @param {HTMLElement} container
 * @param {string} kind
 * @param {Parts} parts
 */
export function drawCard(container, kind, parts) {
  const children = parts.map((part) => part || el("p", { hidden: true }));
  if (container.dataset.kind === kind) {
    patch(container, children);
    return;
  }
  container.dataset.kind = kind;
  container.replaceChildren(...children);
}

/** @param {Decision} decision */
export function decisionChip(decision) {
  return el("span", { class: `chip ${decision}` }, icon(decision), DECISIONS[decision]);
}

/**
 * @param {CardItem} item
 * @param {Prediction} prediction
 * @param {ModelInfo | null} info
 * @param {CardActions} actions
 * @returns {Parts}
 */
function answeredParts(item, prediction, info, actions) {
  const { headline, note } = answerText(prediction, info);
  return [
    el("p", { class: "decision" }, decisionChip(prediction.decision)),
    el("h2", { class: `headline ${prediction.decision}`, tabIndex: -1 }, headline),
    item.location && el("p", { class: "note location" }, item.location),
    note && el("p", { class: "note" }, note),
    item.isDownscaled && el("p", { class: "note" }, "The picture was too large; this is the answer for a smaller copy."),
    drawBars(prediction, info),
    drawButtons(item, actions),
    el("p", { class: "aside", id: "heatmap-status" }, item.heatmapStatus ?? ""),
    el("p", { class: "aside", id: "correction-note" }, item.correctionNote ?? ""),
    el("p", { class: "aside latency" }, timingText(item, prediction)),
  ];
}

/** @param {Prediction} prediction @param {ModelInfo | null} info */
function drawBars(prediction, info) {
  const rows = candidates(prediction, info).map(({ label, name, share }) => {
    const fill = el("span", { class: "fill" });
    fill.style.setProperty("--share", String(share));
    return el("li", { class: label === prediction.label ? "first" : "" }, el("span", { class: "name" }, name),
      el("span", { class: "rail", "aria-hidden": "true" }, fill), el("span", { class: "share" }, percent(share)));
  });
  const more = Object.keys(prediction.probabilities).length - rows.length;
  const title = prediction.decision === "unknown" ? "Most similar of the things I know" : "What it could be";
  return el("div", { class: `candidates ${prediction.decision}` }, el("h3", {}, title), el("ul", { class: "bars" }, ...rows),
    more > 0 ? el("p", { class: "aside" }, `${more} more ${more === 1 ? "label is" : "labels are"} less likely.`) : null,
    ...answerNotes(prediction, info).map((text) => el("p", { class: "aside more" }, text)));
}

/** @param {CardItem} item @param {CardActions} actions */
function drawButtons(item, { heatmap, retake, readAloud, correct }) {
  const busy = item.isHeatmapLoading ? "true" : null;
  const pressed = String(Boolean(item.heatmap));
  const buttons = [
    heatmap && el("button", { type: "button", id: "heatmap", onclick: heatmap, "aria-pressed": pressed, "aria-disabled": busy }, "Show where I see it"),
    retake && el("button", { type: "button", class: "primary", id: "retake", onclick: retake }, "Take another"),
    readAloud && el("button", { type: "button", id: "read-aloud", onclick: readAloud }, "Read aloud"),
    correct && el("button", { type: "button", id: "correct", onclick: correct, "aria-haspopup": "dialog" }, "Wrong?"),
  ].filter(Boolean);
  return buttons.length ? el("div", { class: "actions" }, ...buttons) : null;
}

/** @param {CardItem} item @param {Prediction} prediction */
function timingText({ milliseconds = 0 }, { modelTime }) {
  return `Answered in ${formatDuration(milliseconds)}${modelTime ? `, of which the model took ${formatDuration(modelTime)}` : ""}`;
}

/** @param {CardItem} item @param {ModelInfo | null} info @param {CardActions} actions @returns {Parts} */
function pendingParts(item, info, { cancel }) {
  const isWaiting = item.state === "waiting";
  const reason = isWaiting ? waitingReason(item, info) : "";
  return [
    el("p", { class: "decision" }, el("span", { class: "chip waiting" }, icon("waiting"), isWaiting ? "Waiting" : "In progress")),
    el("h2", { class: "headline waiting", tabIndex: -1 }, reason || "Looking at it"),
    isWaiting && !info && drawLoading(),
    !isWaiting && el("div", { class: "progress" }, el("progress", { id: "progress", "aria-label": "Progress" }), el("p", { class: "aside", id: "progress-status" })),
    el("div", { class: "actions" }, el("button", { type: "button", id: "cancel", onclick: cancel }, "Cancel")),
  ];
}

/** Draw how far the model has loaded; `showLoading` updates it. */
function drawLoading() {
  return el("div", { class: "progress" }, el("progress", { id: "loading", "aria-label": "Loading the model", value: loadingShare() }),
    el("p", { class: "aside", id: "loading-status" }, loadingText()));
}

/** @param {CardItem} item @param {ModelInfo | null} info */
function waitingReason({ error }, info) {
  if (!error) return info ? "Waiting for its turn" : "Getting ready: your picture is waiting";
  if (error.code === "unreachable") return "Waiting for the server: your picture is kept";
  if (error.code === "unauthorized") return "Waiting for an API key";
  if (error.code === "not_found") return "This model is no longer available: looking for another";
  const minutes = Math.round((error.retryAfter ?? 0) / 60);
  return `The server is busy: trying again in ${minutes > 1 ? `${minutes} minutes` : "a moment"}`;
}

/**
 * Update a picture's progress in place.
 *
 * @param {HTMLElement} container
 * @param {Item} item
 * @param {{ isLocal: boolean }} options `isLocal`: this browser computes the answer.
 */
export function drawProgress(container, item, { isLocal }) {
  const bar = container.querySelector("progress#progress");
  const status = container.querySelector("#progress-status");
  if (!(bar instanceof HTMLProgressElement) || !status || item.state !== "sending") return;
  const seconds = Math.floor((performance.now() - (item.since ?? 0)) / 1000);
  const uploaded = item.progress ?? 0;
  if (uploaded > 0 && uploaded < 1) {
    bar.value = uploaded;
    status.textContent = `Uploading: ${percent(uploaded)}`;
  } else {
    bar.removeAttribute("value");
    const cause = isLocal ? "This device is slow." : "The network or the server is slow.";
    status.textContent = seconds >= 2 ? `Waiting for the answer: ${seconds} s. ${cause}` : "";
  }
}

/** @param {CardItem} item @param {ApiError} error @param {CardActions} actions @returns {Parts} */
function failedParts(item, { message, hint, code }, { downscale, retry }) {
  const isCancelled = code === "cancelled";
  const isTooLarge = (code === "too_large" || code === "request_too_large") && !item.isDownscaled;
  const busy = item.isDownscaling ? "true" : null;
  return [
    el("p", { class: "decision" }, el("span", { class: "chip failed" }, icon("failed"), isCancelled ? "Cancelled" : "No answer")),
    el("h2", { class: "headline failed", tabIndex: -1 }, isCancelled ? "Cancelled" : (TITLES[code] ?? "I could not answer this one")),
    isCancelled ? null : el("p", { class: "note" }, message, " ", hint),
    el("div", { class: "actions" },
      isTooLarge && downscale && el("button", { type: "button", class: "primary", id: "downscale", onclick: downscale, "aria-disabled": busy }, "Use a smaller copy"),
      retry && !busy && el("button", { type: "button", id: "retry", onclick: retry }, "Try again")),
  ];
}

/** @type {Record<string, string>} */
const TITLES = {
  not_a_picture: "I can’t read this file as a picture",
  empty: "This file is empty",
  truncated: "This file is incomplete",
  damaged: "This picture is damaged",
  too_large: "This picture is too large",
  request_too_large: "This picture is too large",
  not_downscaled: "This picture is too large",
};
