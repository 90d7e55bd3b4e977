// Pictures to press, for those who have none at hand.

import { hideNotice, showNotice } from "../api/connection.js";
import { $, el } from "./dom.js";
import { patch } from "./dom_patch.js";

/** Show examples, each `{name, path}`; `take(file)` is called with one that somebody presses. */
export function offerExamples(examples, take) {
  $("examples").hidden = !examples.length;
  patch($("example-list"), examples.map((example) => el("li", {}, draw(example, take))));
}

function draw({ name, path }, take) {
  const url = new URL(`../../${path}`, import.meta.url).href;
  const onclick = () => read(url, name).then(take, tellMissing);
  return el("button", { type: "button", class: "example", title: name, "aria-label": `Try ${name}`, onclick },
    el("img", { src: url, alt: "", width: 96, height: 96 }));
}

async function read(url, name) {
  // It is shown already, so the browser has it, also where the server is away.
  const response = await fetch(url, { cache: "force-cache" });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return new File([await response.blob()], name, { type: "image/jpeg" });
}

function tellMissing() {
  showNotice(["This picture cannot be had any more. Load the page anew, or choose one of your own."], { label: "All right", act: hideNotice });
}
