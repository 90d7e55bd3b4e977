// The pictures that came together, each as a small tile with its decision.

import { $, el, icon } from "./dom.js";
import { apart, DECISIONS, nameIn } from "./text.js";

const STATES = { waiting: "Waiting", sending: "Asking", failed: "No answer", cancelled: "Cancelled" };

/** Draw all tiles anew, or only one of them where nothing else has changed. */
export class Tiles {
  constructor(choose) {
    this.choose = choose;
    this.made = new Map();
  }

  show(items) {
    this.made.clear();
    $("tiles").replaceChildren(...items.map((item) => this.make(item)));
    $("batch").hidden = items.length < 2;
  }

  make(item) {
    const picture = el("span", { class: "thumb", "aria-hidden": "true" });
    const said = el("span", { class: "said" });
    const button = el("button", { type: "button", class: "tile", onclick: () => this.choose(item) }, picture, said);
    this.made.set(item, { button, picture, said });
    return el("li", {}, button);
  }

  update(item, about, current) {
    const made = this.made.get(item);
    if (!made) return;
    const kind = item.state === "answered" ? item.prediction.decision : item.state;
    made.button.className = `tile ${kind}`;
    made.button.setAttribute("aria-current", String(item === current));
    made.button.setAttribute("aria-label", `${apart(item.name)}: ${tell(item, about)}`);
    made.said.replaceChildren(icon(kind === "sending" || kind === "cancelled" ? "waiting" : kind), shorten(item, about));
    if (item.thumb && !made.picture.firstChild) made.picture.append(el("img", { src: item.thumb, alt: "" }));
  }

  mark(current) {
    for (const [item, { button }] of this.made) button.setAttribute("aria-current", String(item === current));
  }
}

function tell(item, about) {
  if (item.state !== "answered") return STATES[item.state];
  return `${DECISIONS[item.prediction.decision]}, ${shorten(item, about)}`;
}

function shorten(item, about) {
  if (item.state !== "answered") return STATES[item.state];
  return item.prediction.decision === "unknown" ? "None of these" : nameIn(item.prediction, about);
}
