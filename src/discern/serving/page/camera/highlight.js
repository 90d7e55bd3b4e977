// Highlight in the viewfinder where the answer is seen; it comes with each live answer, without a request of its own.

import { $, el, loadSetting, saveSetting } from "../view/dom.js";
import { maskStyle } from "../view/picture_view.js";

/** @import { Decision, Evidence } from "../api/types.js" */

/** @typedef {{ decision: Decision, prediction: { evidence?: Evidence | null } }} HighlightedAnswer */

// The name under which earlier versions of the page kept it.
const SETTING = "glow";

export class Highlight {
  isOn = loadSetting(SETTING, true);
  /** @type {HighlightedAnswer | null} */
  #last = null;

  constructor() {
    $("highlight").onclick = () => this.toggle();
    $("highlight").setAttribute("aria-pressed", String(this.isOn));
  }

  toggle() {
    this.isOn = !this.isOn;
    saveSetting(SETTING, this.isOn);
    $("highlight").setAttribute("aria-pressed", String(this.isOn));
    this.show(this.#last);
  }

  /**
   * Highlight where an answer is seen, if that is known; the previous highlight fades.
   *
   * @param {HighlightedAnswer | null} answer
   */
  show(answer) {
    this.#last = answer;
    const [previous, ...older] = [...$("highlight-layer").children].reverse();
    for (const each of older) each.remove();
    previous?.classList.add("fading");
    const evidence = this.isOn && answer && answer.decision !== "unknown" ? answer.prediction.evidence : null;
    if (evidence) $("highlight-layer").append(drawShade(evidence));
  }
}

/** Draw a shade over everything else, so that what is seen keeps its own colour. @param {Evidence} evidence */
function drawShade(evidence) {
  const { maskImage, maskSize, maskPosition } = maskStyle(evidence);
  const shade = el("div");
  Object.assign(shade.style, {
    maskImage: `linear-gradient(#000, #000), ${maskImage}`, maskRepeat: "no-repeat", maskComposite: "exclude",
    maskSize: `100% 100%, ${maskSize}`, maskPosition: `0 0, ${maskPosition}`,
  });
  return shade;
}
