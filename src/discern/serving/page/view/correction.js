// Correction of an answer: the right class, chosen from a list with a search, or the name of something else.

import { $, el } from "./dom.js";
import { isolate, labelName } from "./text.js";

/** @import { Correction, ModelInfo } from "../api/types.js" */
/** @import { Item } from "../queue/items.js" */

// Not tuned: a list that can still be read; the search finds the others.
const MAX_SHOWN = 30;

/**
 * @typedef {object} Choice
 * @property {string} label
 * @property {string} name
 */

/**
 * List the classes with the likeliest first, as one of these is probably the right one.
 *
 * @param {Record<string, number>} probabilities
 * @param {ModelInfo | null | undefined} info
 * @returns {Choice[]}
 */
export function listChoices(probabilities, info) {
  const labels = Object.keys(probabilities).sort((a, b) => probabilities[b] - probabilities[a]);
  return labels.map((label) => ({ label, name: labelName(label, info) }));
}

/**
 * Find the classes whose name or label has a text, those that begin with it first.
 *
 * @param {Choice[]} choices
 * @param {string} text
 */
export function findChoices(choices, text) {
  const sought = fold(text);
  const place = (/** @type {Choice} */ { label, name }) => Math.min(...[name, label].map((each) => fold(each).indexOf(sought)).map((at) => (at < 0 ? Infinity : at)));
  return choices
    .map((choice) => ({ choice, at: place(choice) }))
    .filter(({ at }) => at < Infinity)
    .sort((a, b) => Number(a.at > 0) - Number(b.at > 0))
    .map(({ choice }) => choice);
}

/** Compare without case, accents and underscores. @param {string} text */
function fold(text) {
  return text.replaceAll("_", " ").normalize("NFD").replaceAll(/[\p{M}\u2068\u2069]/gu, "").toLocaleLowerCase().trim();
}

/** Dialog that asks for the right class of a picture. */
export class CorrectionDialog {
  /** @type {Item | null} */
  #item = null;
  /** @type {Choice[]} */
  #choices = [];
  #isSending = false;

  /**
   * @param {(item: Item, correction: Correction) => Promise<unknown>} send rejects with an `ApiError`.
   * @param {(item: Item, text: string) => void} onDone called with a text for people when a correction was kept.
   */
  constructor(send, onDone) {
    this.send = send;
    this.onDone = onDone;
    $("correction-text").oninput = () => this.#draw();
    $("correction-form").onsubmit = (event) => {
      event.preventDefault();
      this.#submit();
    };
    $("correction-other").onclick = () => this.#giveOther();
    $("correction-cancel").onclick = () => $("correction-dialog").close();
  }

  /** @param {Item} item @param {ModelInfo | null} info */
  open(item, info) {
    if (!item.prediction) return;
    this.#item = item;
    this.#choices = listChoices(item.prediction.probabilities, info);
    $("correction-text").value = "";
    this.#draw();
    $("correction-dialog").showModal();
    $("correction-text").focus();
  }

  #draw() {
    const text = $("correction-text").value;
    const found = findChoices(this.#choices, text);
    const shown = found.slice(0, MAX_SHOWN);
    const buttons = shown.map(({ label, name }) => el("button", { type: "button", onclick: () => this.#give({ label }) }, name));
    $("correction-list").replaceChildren(...buttons.map((button) => el("li", {}, button)));
    $("correction-other").textContent = text.trim() ? `Something else: ${isolate(text.trim())}` : "Something else";
    this.#write(countText(found.length, shown.length, text));
  }

  /** Take the only class that is left, as Enter does; where none is left, the text names something else. */
  #submit() {
    const found = findChoices(this.#choices, $("correction-text").value);
    const choice = this.#exactChoice(found) ?? (found.length === 1 ? found[0] : undefined);
    if (choice) this.#give({ label: choice.label });
    else if (found.length) this.#write(`${found.length} classes match: choose one, or “Something else”.`);
    else this.#giveOther();
  }

  /** Take the text as the name of something else, unless it is the name of a class. */
  #giveOther() {
    const text = $("correction-text").value.trim();
    const exact = this.#exactChoice(this.#choices);
    if (text) {
      this.#give(exact ? { label: exact.label } : { label: text, isNew: true });
      return;
    }
    this.#write("Type what it is first.");
    $("correction-text").focus();
  }

  /** @param {Choice[]} choices */
  #exactChoice(choices) {
    const text = fold($("correction-text").value);
    return choices.find(({ label, name }) => [label, name].some((each) => fold(each) === text));
  }

  /** @param {Correction} correction */
  async #give(correction) {
    const item = this.#item;
    if (!item || this.#isSending) return;
    this.#isSending = true;
    this.#write("One moment.");
    try {
      await this.send(item, correction);
      $("correction-dialog").close();
      this.onDone(item, `Thank you. Noted: it is ${isolate(nameOf(correction, this.#choices))}.`);
    } catch (error) {
      this.#write(error instanceof Error ? `It was not noted. ${error.message}` : "It was not noted. Try again.");
    } finally {
      this.#isSending = false;
    }
  }

  /** @param {string} text */
  #write(text) {
    $("correction-status").textContent = text;
  }
}

/** @param {Correction} correction @param {Choice[]} choices */
function nameOf({ label }, choices) {
  return choices.find((each) => each.label === label)?.name ?? label;
}

/** @param {number} found @param {number} shown @param {string} text */
function countText(found, shown, text) {
  if (!found) return "None of the classes has this name.";
  if (found > shown) return `${found - shown} more: type to find them.`;
  return text.trim() ? `${found} ${found === 1 ? "class matches" : "classes match"}.` : "";
}
