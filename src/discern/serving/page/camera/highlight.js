// Where the answer is seen, as light in the finder; it comes with each answer, and costs no question of its own.

import { $, el, recall, remember } from "../view/dom.js";
import { maskOf } from "../view/picture_view.js";

export class Glow {
  constructor() {
    this.on = recall("glow", true);
    $("glow").onclick = () => this.turn();
    $("glow").setAttribute("aria-pressed", String(this.on));
  }

  turn() {
    this.on = !this.on;
    remember("glow", this.on);
    $("glow").setAttribute("aria-pressed", String(this.on));
    this.show(this.last);
  }

  /** Shine where an answer is seen; nowhere where it is not known, or where there is no answer. The last one fades. */
  show(answer) {
    this.last = answer;
    const [before, ...older] = [...$("light").children].reverse();
    for (const each of older) each.remove();
    before?.classList.add("gone");
    const evidence = this.on && answer && answer.decision !== "unknown" ? answer.prediction.evidence : null;
    if (evidence) $("light").append(shade(evidence));
  }
}

/** A shade over all but what is seen. It leaves that its own colour, by which things may be told apart. */
function shade(evidence) {
  const { maskImage, maskSize, maskPosition } = maskOf(evidence);
  const drawn = el("div");
  Object.assign(drawn.style, {
    maskImage: `linear-gradient(#000, #000), ${maskImage}`, maskRepeat: "no-repeat", maskComposite: "exclude",
    maskSize: `100% 100%, ${maskSize}`, maskPosition: `0 0, ${maskPosition}`,
  });
  return drawn;
}
