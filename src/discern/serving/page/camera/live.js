// The camera's part of the page: the finder, the shutter, and answers while it moves.

import { Camera, wordTrouble } from "./camera.js";
import { hideNotice, showNotice } from "../api/connection.js";
import { $, el } from "../view/dom.js";
import { Glow } from "./highlight.js";
import { nameCapture } from "../queue/items.js";
import { sayAnswer, sideOf } from "../voice/phrases.js";
import { Watcher } from "./change_detection.js";

const LOOKED_AT = 640;
const WAKING = 1000;

/** The camera, for a page that has `teller`, `stage`, `about`, `answer(blob, options)`, `tell`, `taken` and `halted`. */
export class Live {
  constructor(page) {
    this.page = page;
    this.camera = new Camera($("video"), () => this.lose());
    this.corrected = new Map();
    this.glow = new Glow();
    this.watcher = new Watcher({
      look: () => this.camera.look(),
      ask: () => this.ask(),
      show: (answer) => this.show(answer),
      tell: (answer) => this.tell(answer),
      trouble: (error) => this.trouble(error),
    });
    $("camera-open").onclick = () => this.open();
    $("hands-free").onclick = () => this.describe();
    $("camera-close").onclick = () => this.close();
    $("live").onclick = () => this.turn(!this.watcher.on);
    $("shutter").onclick = () => this.shoot();
    $("device").onchange = () => this.open($("device").value);
    $("facing").onchange = () => this.correct($("facing").value);
    document.addEventListener("visibilitychange", () => document.hidden || this.wake());
  }

  /** Open a camera. Gives whether one is open; pressing twice asks once. */
  open(device = "") {
    if (!Camera.able) return this.withoutCamera();
    if (this.camera.open && !device) $("shutter").focus();
    else if (this.opening?.device !== device) this.opening = { device, done: this.begin(device) };
    return this.opening.done;
  }

  async begin(device) {
    try {
      const started = await this.camera.start(device);
      if (!started) return false;
      this.device = started.device;
      hideNotice();
      this.page.stage.showCamera();
      const corrected = this.corrected.get(this.device);
      this.face(corrected ?? this.camera.facing, corrected ?? started.known);
      $("shutter").focus();
      await this.listDevices(this.device);
      return this.camera.open;
    } catch (error) {
      this.opening = null;
      showNotice([wordTrouble(error)], { label: "Choose a picture", act: () => $("files").click() });
      return false;
    }
  }

  withoutCamera() {
    showNotice(
      ["Browsers lend a camera only to pages that come over https or from this very machine. You can still take a picture with the camera’s own program."],
      { label: "Take a picture", act: () => $("snap").click() },
    );
    return false;
  }

  /** Whoever holds the camera knows better than it does which way it looks. */
  correct(facing) {
    this.corrected.set(this.device, facing);
    this.face(facing, true);
  }

  face(facing, sure) {
    this.camera.face(facing);
    $("facing").value = facing;
    const words = facing === "user"
      ? "It looks at you, and is shown as a mirror: left on the screen is your left. Places are told from where you stand."
      : "It looks where you look: left in the picture is your left.";
    $("assumed").textContent = sure ? words : `${words} This camera does not say which way it looks, so this is assumed; change it above if it is wrong.`;
  }

  async listDevices(opened) {
    const devices = await this.camera.devices();
    $("device").replaceChildren(...devices.map((device, place) => el("option", { value: device.deviceId }, device.label || `Camera ${place + 1}`)));
    $("device").value = opened;
    $("device-pick").hidden = devices.length < 2;
  }

  /** Hands-free: the camera, answers as it moves, and a voice, with one press. */
  async describe() {
    this.page.teller.turnOn();
    if (!this.camera.open && !(await this.open())) return;
    this.turn(true);
    $("live").focus();
  }

  turn(on, said = on ? "looking" : "stopped") {
    if (on === this.watcher.on) return;
    $("live").setAttribute("aria-pressed", String(on));
    const { teller } = this.page;
    teller.describe(teller.words[said]);
    if (on) this.watcher.start();
    else this.watcher.stop();
    if (!on) this.glow.show(null);
    this.keepAwake();
  }

  /** A screen that goes dark would end the looking. */
  async keepAwake() {
    try {
      if (this.watcher.on) this.lock = await navigator.wakeLock?.request("screen");
      if (!this.watcher.on) await this.lock?.release();
    } catch {
      // Not every browser lets a page ask.
    }
  }

  /** The page is seen again: browsers release what kept the screen on, and may have taken the camera. */
  wake() {
    if (this.watcher.on) this.keepAwake();
    setTimeout(() => this.camera.gone && !document.hidden && this.lose(), WAKING);
  }

  /** The camera has gone, and nobody here has closed it: who cannot see that has to hear it. */
  lose() {
    if (!this.camera.open) return;
    const { stage, teller } = this.page;
    const describing = this.watcher.on;
    if (describing) this.turn(false, "lost");
    else teller.describe(teller.words.lost);
    this.leave();
    stage.hideCamera();
    showNotice(
      ["The camera has ended. Perhaps it was unplugged, or another program has taken it."],
      { label: "Open it again", act: () => (describing ? this.describe() : this.open()) },
    );
    $("notice").querySelector("button").focus();
  }

  async ask() {
    const blob = await this.camera.take(LOOKED_AT);
    const { facing } = this.camera;
    const { about } = this.page;
    const begun = performance.now();
    const prediction = await this.page.answer(blob, { evidence: true });
    this.failed = null;
    const place = prediction.decision === "unknown" ? null : sideOf(prediction.evidence?.place ?? null, facing);
    return { prediction, decision: prediction.decision, label: prediction.label, place, blob, facing, about, milliseconds: performance.now() - begun };
  }

  show(answer) {
    this.glow.show(answer);
    this.page.stage.showLive(answer);
  }

  tell(answer) {
    const { teller } = this.page;
    teller.describe(sayAnswer(answer.prediction, { about: answer.about, language: teller.language, place: answer.place, short: true }));
    this.page.tell(answer);
  }

  /** What went wrong is said once; gives how long to wait. */
  trouble(error) {
    const code = error?.code ?? "unforeseen";
    if (code === "unauthorized") {
      this.turn(false);
      this.page.halted(error);
      return 0;
    }
    if (code === "not_found") this.page.halted(error);
    if (code !== this.failed && !error?.busy) {
      const { teller } = this.page;
      teller.describe(code === "unreachable" ? teller.words.unreachable : teller.words.failed);
    }
    this.failed = code;
    return error?.busy ? 1000 * error.retryAfter : 2000;
  }

  async shoot() {
    if (!this.camera.open) return;
    const blob = await this.camera.take();
    // The first of two presses has closed it.
    if (!blob || !this.camera.open) return;
    this.page.taken(blob, nameCapture(), this.camera.facing);
  }

  /** Back to the finder, with the camera that was used last. */
  again() {
    return this.open(this.device);
  }

  /** Let the camera go: its lamp shines only while the finder is there, and with it what closes it. */
  leave() {
    this.turn(false);
    this.opening = null;
    this.camera.stop();
  }

  close() {
    this.leave();
    this.page.stage.hideCamera();
  }
}
