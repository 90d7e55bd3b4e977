// Messages of a page whose model runs in the browser: how far it has loaded, and whether its self-test passed.

import { $ } from "./dom.js";
import { hideNotice, showNotice } from "./notice.js";

/** @import { ModelInfo } from "../api/types.js" */

const REMEDY = "Use another browser, or allow this page to read image data, which some browsers’ tracking protection distorts.";

/** @type {number | undefined} */
let share;

/** Share of the model that has loaded, in [0, 1]; undefined where nothing is loaded. */
export const loadingShare = () => share;

export function loadingText() {
  if (share === undefined) return "";
  return share < 1 ? `Loading the model (${Math.floor(100 * share)}\u202f%).` : "Testing the model.";
}

/** Show how far the model has loaded, and that it then tests itself. */
export function showLoading() {
  addEventListener("discern:loading", (event) => {
    const { loaded, total } = /** @type {CustomEvent<{ loaded: number, total: number }>} */ (event).detail;
    share = loaded / total;
    $("model-summary").textContent = loadingText();
    const [bar, status] = [$("loading"), $("loading-status")];
    if (bar) bar.value = share;
    if (status) status.textContent = loadingText();
  });
}

/** Warn where this browser computes other answers than the model gave where it was made. @param {ModelInfo} info */
export function warnUnlessVerified({ verified }) {
  if (!verified || verified.passed) return hideNotice("answers");
  showNotice("answers", `Do not rely on the answers here: this browser computes different answers for the test pictures. ${REMEDY}`);
}

/** State that pictures stay here, or that they are kept; "" where they are only sent. @param {ModelInfo} info */
export function privacyText({ capture, verified }) {
  if (capture) return "This server keeps what you show it and what it answers.";
  return verified ? "Pictures stay on this device." : "";
}
