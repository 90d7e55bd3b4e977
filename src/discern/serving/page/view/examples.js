// Example pictures, for people who have none at hand.

import { $, el } from "./dom.js";
import { patch } from "./dom_patch.js";
import { hideNotice, showNotice } from "./notice.js";

/** @import { Example } from "../api/types.js" */

/**
 * Show examples; `add` is called with the one that is pressed.
 *
 * @param {Example[]} examples
 * @param {(file: File) => void} add
 */
export function showExamples(examples, add) {
  $("examples").hidden = !examples.length;
  patch($("example-list"), examples.map((example) => el("li", {}, drawExample(example, add))));
}

/** @param {Example} example @param {(file: File) => void} add */
function drawExample({ name, path }, add) {
  const url = new URL(`../../${path}`, import.meta.url).href;
  const onclick = () => fetchExample(url, name).then(add, reportMissing);
  return el("button", { type: "button", class: "example", title: name, "aria-label": `Try ${name}`, onclick },
    el("img", { src: url, alt: "", width: 96, height: 96 }));
}

/** @param {string} url @param {string} name */
async function fetchExample(url, name) {
  // It is shown already, so the browser has it cached, even where the server is away.
  const response = await fetch(url, { cache: "force-cache" });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return new File([await response.blob()], name, { type: "image/jpeg" });
}

function reportMissing() {
  const text = "This picture is no longer available. Reload the page, or choose a picture of your own.";
  showNotice("examples", text, { label: "OK", act: () => hideNotice("examples") });
}
