// The three dialogs: voice, key, and what the model is.

import { $, el } from "./dom.js";
import { LANGUAGES } from "../voice/phrases.js";

/** Let every "Done" and "Close" close its dialog, and a click that begins and ends beside a dialog too. */
export function closeByButtons() {
  for (const dialog of document.querySelectorAll("dialog")) {
    let begun = false;
    dialog.addEventListener("pointerdown", (event) => (begun = isBeside(dialog, event)));
    dialog.addEventListener("click", (event) => {
      if ((begun && isBeside(dialog, event)) || event.target.closest("[data-close]")) dialog.close();
    });
  }
}

/** A dialog's own margin belongs to it, as what is behind it does: only the place tells them apart. */
function isBeside(dialog, { target, clientX, clientY }) {
  const { left, top, right, bottom } = dialog.getBoundingClientRect();
  return target === dialog && (clientX < left || clientX > right || clientY < top || clientY > bottom);
}

/** The voice dialog, for a speaker. */
export function setUpVoice(speaker) {
  $("language").replaceChildren(...Object.entries(LANGUAGES).map(([code, { language }]) => el("option", { value: code, lang: code }, language)));
  $("language").value = speaker.language;
  $("rate").value = speaker.rate;
  const sayRate = () => ($("rate-said").textContent = `${Number($("rate").value).toFixed(1)} times`);
  sayRate();
  const offerVoices = () => listVoices(speaker);
  offerVoices();
  if (speaker.able) speechSynthesis.addEventListener?.("voiceschanged", offerVoices);
  $("language").onchange = () => {
    speaker.set({ language: $("language").value, voice: "" });
    offerVoices();
  };
  $("voice").onchange = () => speaker.set({ voice: $("voice").value });
  $("rate").oninput = () => {
    speaker.set({ rate: Number($("rate").value) });
    sayRate();
  };
  $("try").onclick = () => speaker.say(speaker.words.on, { always: true });
  $("speech-open").onclick = () => $("speech-dialog").showModal();
}

function listVoices(speaker) {
  const voices = speaker.voices().map((voice) => el("option", { value: voice.voiceURI }, voice.name));
  $("voice").replaceChildren(el("option", { value: "" }, voices.length ? "The browser’s own choice" : "No other voice here"), ...voices);
  $("voice").value = speaker.voice;
  if ($("voice").selectedIndex < 0) $("voice").value = "";
}

/** The key dialog: `use(key)` is called with what was typed, `refuse()` where nothing was. */
export function setUpKey(use, refuse) {
  const dialog = $("key-dialog");
  const take = () => {
    const key = $("key").value.trim();
    if (!key) return $("key").focus();
    $("key").value = "";
    dialog.close("used");
    use(key);
  };
  $("key-use").onclick = take;
  $("key").onkeydown = (event) => {
    if (event.key === "Enter") take();
  };
  $("key-cancel").onclick = () => dialog.close();
  dialog.onclose = () => {
    if (dialog.returnValue !== "used") refuse();
    dialog.returnValue = "";
  };
}

export function askKey(error) {
  if ($("key-dialog").open) return;
  if (error?.message) $("key-why").textContent = `${error.message} Whoever runs this server can give you one.`;
  $("key-dialog").showModal();
}
