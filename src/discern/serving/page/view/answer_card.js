// One picture's answer, large and plain; or how far it has come.

import { el, icon } from "./dom.js";
import { loadingShare, wordLoading } from "./loading_messages.js";
import { patch } from "./dom_patch.js";
import { candidates, DECISIONS, milliseconds, percent, wordAnswer, wordMore } from "./text.js";

/**
 * Draw an item's state into `place`. `acts` are what its buttons do; what cannot be done has none.
 *
 * Of one item and one kind, only what has changed is drawn anew.
 */
export function drawAnswer(place, item, about, acts) {
  const drawn = { answered: answered, failed: failed, cancelled: failed }[item.state] ?? underway;
  drawCard(place, `${item.id} ${drawn.name}`, drawn(item, about, acts));
}

/** Draw a card that was not there before, or change what differs in the one that is: `kind` tells which. */
export function drawCard(place, kind, parts) {
  const children = parts.map((part) => part || el("p", { hidden: true }));
  if (place.dataset.kind === kind) return patch(place, children);
  place.dataset.kind = kind;
  return place.replaceChildren(...children);
}

export function chip(decision) {
  return el("span", { class: `chip ${decision}` }, icon(decision), DECISIONS[decision]);
}

function answered(item, about, acts) {
  const { headline, note } = wordAnswer(item.prediction, about);
  return [
    el("p", { class: "decided" }, chip(item.prediction.decision)),
    el("h2", { class: `headline ${item.prediction.decision}`, tabIndex: -1 }, headline),
    item.where && el("p", { class: "note where" }, item.where),
    note && el("p", { class: "note" }, note),
    item.shrunk && el("p", { class: "note" }, "The picture was too large; this is the answer to a smaller copy."),
    bars(item.prediction, about),
    buttons(item, acts),
    el("p", { class: "aside", id: "looked" }, item.looked ?? ""),
    el("p", { class: "aside latency" }, timing(item)),
  ];
}

function bars(prediction, about) {
  const rows = candidates(prediction, about).map(({ label, name, share }) => {
    const fill = el("span", { class: "fill" });
    fill.style.setProperty("--share", share);
    return el("li", { class: label === prediction.label ? "first" : "" }, el("span", { class: "name" }, name),
      el("span", { class: "rail", "aria-hidden": "true" }, fill), el("span", { class: "share" }, percent(share)));
  });
  const more = Object.keys(prediction.probabilities).length - rows.length;
  const said = prediction.decision === "unknown" ? "Of the things I know, it would be" : "What it may be";
  return el("div", { class: `candidates ${prediction.decision}` }, el("h3", {}, said), el("ul", { class: "bars" }, ...rows),
    more > 0 ? el("p", { class: "aside" }, `${more} more ${more === 1 ? "label is" : "labels are"} less likely.`) : null,
    ...wordMore(prediction, about).map((said) => el("p", { class: "aside more" }, said)));
}

function buttons(item, acts) {
  const made = [];
  if (acts.heat) {
    const on = Boolean(item.heat);
    made.push(el("button", { type: "button", id: "heat", onclick: acts.heat, "aria-pressed": String(on), "aria-disabled": item.looking ? "true" : null }, "Show where I look"));
  }
  if (acts.another) made.push(el("button", { type: "button", class: "main-way", id: "another", onclick: acts.another }, "Take another"));
  if (acts.say) made.push(el("button", { type: "button", id: "say", onclick: acts.say }, "Say it"));
  return made.length ? el("div", { class: "ways" }, ...made) : null;
}

function timing(item) {
  const { served } = item.prediction;
  return `Answered in ${milliseconds(item.milliseconds)}${served ? `, ${milliseconds(served)} of it by the model` : ""}`;
}

function underway(item, about, acts) {
  const why = item.state === "waiting" && (item.error ? waitingFor(item.error) : about ? "Waiting for its turn" : "I am getting ready: your picture is kept");
  return [
    el("p", { class: "decided" }, el("span", { class: "chip waiting" }, icon("waiting"), why ? "Waiting" : "Asking")),
    el("h2", { class: "headline waiting", tabIndex: -1 }, why || "Looking at it"),
    item.state === "waiting" && !about && loading(),
    item.state === "sending" && el("div", { class: "underway" }, el("progress", { id: "progress", "aria-label": "How far it is" }), el("p", { class: "aside", id: "progress-said" }, "")),
    el("div", { class: "ways" }, el("button", { type: "button", id: "cancel", onclick: acts.cancel }, "Cancel")),
  ];
}

/** How far the model has come; who loads it draws it further. */
function loading() {
  return el("div", { class: "underway" }, el("progress", { id: "loading", "aria-label": "How far I am loaded", value: loadingShare() }),
    el("p", { class: "aside", id: "loading-said" }, wordLoading()));
}

function waitingFor(error) {
  if (error.code === "unreachable") return "Waiting for the server: your picture is kept";
  if (error.code === "unauthorized") return "Waiting for a key";
  if (error.code === "not_found") return "This model is gone: I ask which are here";
  const minutes = Math.round(error.retryAfter / 60);
  return `The server is busy: I ask again in ${minutes > 1 ? `${minutes} minutes` : "a moment"}`;
}

/** Say how far a picture is, without drawing anything anew; `here` is whether this browser answers by itself. */
export function drawProgress(place, item, here) {
  const bar = place.querySelector("#progress");
  const said = place.querySelector("#progress-said");
  if (!bar || item.state !== "sending") return;
  const seconds = Math.floor((performance.now() - item.since) / 1000);
  const gone = item.progress ?? 0;
  if (gone > 0 && gone < 1) {
    bar.value = gone;
    said.textContent = `Sending: ${percent(gone)} has gone`;
  } else {
    bar.removeAttribute("value");
    const slow = here ? "This device takes its time." : "The network or the server is slow.";
    said.textContent = seconds >= 2 ? `Waiting for the answer: ${seconds} s. ${slow}` : "";
  }
}

function failed(item, about, acts) {
  const { message, hint, code } = item.error;
  const cancelled = code === "cancelled";
  const large = (code === "too_large" || code === "request_too_large") && !item.shrunk && acts.shrink;
  return [
    el("p", { class: "decided" }, el("span", { class: "chip failed" }, icon("failed"), cancelled ? "Cancelled" : "No answer")),
    el("h2", { class: "headline failed", tabIndex: -1 }, cancelled ? "Cancelled" : titleOf(code)),
    cancelled ? null : el("p", { class: "note" }, message, " ", hint),
    el("div", { class: "ways" },
      large ? el("button", { type: "button", class: "main-way", id: "shrink", onclick: acts.shrink, "aria-disabled": item.shrinking ? "true" : null }, "Use a smaller copy") : null,
      acts.retry && !item.shrinking ? el("button", { type: "button", id: "retry", onclick: acts.retry }, "Try again") : null),
  ];
}

const TITLES = {
  not_a_picture: "This is no picture that I can read",
  empty: "There is nothing in this file",
  truncated: "This picture ends too early",
  damaged: "This picture is damaged",
  too_large: "This picture is too large",
  request_too_large: "This picture is too large",
  not_shrunk: "This picture is too large",
};

const titleOf = (code) => TITLES[code] ?? "I could not answer this one";
