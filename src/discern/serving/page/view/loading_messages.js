// What only a page has to say that answers by itself: how far loading is, and whether this browser can be trusted.

import { showNotice } from "../api/connection.js";
import { $ } from "./dom.js";

const REMEDY = "Use another browser, or let this page read pictures, which some browsers' protection against tracking spoils.";

let share;

/** How much of the model has come, in [0, 1]; undefined while nobody knows, or where nothing is loaded. */
export const loadingShare = () => share;

export function wordLoading() {
  if (share === undefined) return "";
  return share < 1 ? `I am being loaded (${Math.floor(100 * share)}\u202f%).` : "I am testing myself.";
}

/** Say how far the model has come while it loads, and that it then answers its own pictures. */
export function tellLoading() {
  addEventListener("discern:loading", ({ detail: { loaded, total } }) => {
    share = loaded / total;
    $("knows").textContent = `One moment: ${wordLoading()}`;
    if (!$("loading")) return;
    $("loading").value = share;
    $("loading-said").textContent = wordLoading();
  });
}

/** Warn where this browser does not answer as the model did where it was made. */
export function warnUnlessVerified({ verified }) {
  if (!verified || verified.passed) return;
  showNotice([`Do not rely on the answers here: this browser answers otherwise than where I was made. ${REMEDY}`]);
}

/** Where pictures stay; "" where they are sent. */
export function wordPrivacy({ verified }) {
  return verified ? "Pictures stay on this device." : "";
}
