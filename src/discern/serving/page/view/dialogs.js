// Dialogs: the voice settings, the API key, and the model's description.

import { LANGUAGES } from "../voice/phrases.js";
import { $, el } from "./dom.js";

/** @import { ApiError } from "../api/api_error.js" */
/** @import { LanguageCode } from "../voice/phrases.js" */
/** @import { Speech } from "../voice/speech.js" */

/** Close dialogs by their "Done" and "Close" buttons, and by a click that begins and ends outside. */
export function setUpClosing() {
  for (const dialog of document.querySelectorAll("dialog")) {
    let startedOutside = false;
    dialog.addEventListener("pointerdown", (event) => (startedOutside = isOutside(dialog, event)));
    dialog.addEventListener("click", (event) => {
      const isButton = event.target instanceof Element && event.target.closest("[data-close]");
      if (isButton || (startedOutside && isOutside(dialog, event))) dialog.close();
    });
  }
}

/**
 * The backdrop belongs to the dialog, as its padding does: only the position tells them apart.
 *
 * @param {HTMLDialogElement} dialog
 * @param {MouseEvent} event
 */
function isOutside(dialog, { target, clientX, clientY }) {
  const { left, top, right, bottom } = dialog.getBoundingClientRect();
  return target === dialog && (clientX < left || clientX > right || clientY < top || clientY > bottom);
}

/** @param {Speech} speech */
export function setUpVoiceDialog(speech) {
  const languages = Object.entries(LANGUAGES).map(([code, { language }]) => el("option", { value: code, lang: code }, language));
  $("language").replaceChildren(...languages);
  $("language").value = speech.language;
  $("rate").value = String(speech.rate);
  const showRate = () => ($("rate-value").textContent = `${Number($("rate").value).toFixed(1)}×`);
  showRate();
  const updateVoices = () => listVoices(speech);
  updateVoices();
  if (speech.isSupported) speechSynthesis.addEventListener?.("voiceschanged", updateVoices);
  $("language").onchange = () => {
    speech.set({ language: /** @type {LanguageCode} */ ($("language").value), voice: "" });
    updateVoices();
  };
  $("voice").onchange = () => speech.set({ voice: $("voice").value });
  $("rate").oninput = () => {
    speech.set({ rate: Number($("rate").value) });
    showRate();
  };
  $("try").onclick = () => speech.speak(speech.phrases.on, { always: true });
  $("speech-open").onclick = () => $("speech-dialog").showModal();
}

/** @param {Speech} speech */
function listVoices(speech) {
  const voices = speech.listVoices().map((voice) => el("option", { value: voice.voiceURI }, voice.name));
  const automatic = el("option", { value: "" }, voices.length ? "The browser’s default" : "No other voice available");
  $("voice").replaceChildren(automatic, ...voices);
  $("voice").value = speech.voice;
  if ($("voice").selectedIndex < 0) $("voice").value = "";
}

/**
 * @param {(key: string) => void} onKey called with the key that was entered.
 * @param {() => void} onDismiss called where none was.
 */
export function setUpKeyDialog(onKey, onDismiss) {
  const dialog = $("key-dialog");
  const submit = () => {
    const key = $("key").value.trim();
    if (!key) {
      $("key").focus();
      return;
    }
    $("key").value = "";
    dialog.close("used");
    onKey(key);
  };
  $("key-use").onclick = submit;
  $("key").onkeydown = (event) => {
    if (event.key === "Enter") submit();
  };
  $("key-cancel").onclick = () => dialog.close();
  dialog.onclose = () => {
    if (dialog.returnValue !== "used") onDismiss();
    dialog.returnValue = "";
  };
}

/** Ask for the API key. @param {ApiError} error */
export function askForKey(error) {
  if ($("key-dialog").open) return;
  $("key-why").textContent = `${error.message} Whoever runs this server can give you a key.`;
  $("key-dialog").showModal();
}
