// The camera's part of the page: the finder, the shutter, and answers while it moves.

import { Camera, wordTrouble } from "./camera.js";
import { hideNotice, showNotice } from "./connection.js";
import { $, el } from "./dom.js";
import { nameCapture } from "./items.js";
import { sayAnswer, sideOf } from "./phrases.js";
import { Watcher } from "./watching.js";

const LOOKED_AT = 640;

/** The camera, for a page that has `speaker`, `answer(blob, options)`, `showLive`, `tell`, `taken`, `showCamera` and `needKey`. */
export class Live {
  constructor(page) {
    this.page = page;
    this.camera = new Camera($("video"));
    this.watcher = new Watcher({
      look: () => this.camera.look(),
      ask: () => this.ask(),
      show: (answer) => page.showLive(answer),
      tell: (answer) => this.tell(answer),
      trouble: (error) => this.trouble(error),
    });
    $("camera-open").onclick = () => this.open();
    $("hands-free").onclick = () => this.describe();
    $("camera-close").onclick = () => this.close();
    $("live").onclick = () => this.turn(!this.watcher.on);
    $("shutter").onclick = () => this.shoot();
    $("device").onchange = () => this.open($("device").value);
    $("facing").onchange = () => this.face($("facing").value, true);
  }

  async open(device = "") {
    if (!Camera.able) return this.withoutCamera();
    try {
      const { known, device: opened } = await this.camera.start(device);
      this.known = known;
      hideNotice();
      this.page.showCamera();
      this.face(this.camera.facing, known);
      await this.listDevices(opened);
      $("shutter").focus();
      return true;
    } catch (error) {
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
    this.page.speaker.on = true;
    this.page.showSpeaking();
    if (!this.camera.open && !(await this.open())) return;
    this.page.showCamera();
    this.turn(true);
    $("live").focus();
  }

  turn(on) {
    if (on === this.watcher.on) return;
    $("live").setAttribute("aria-pressed", String(on));
    const { words } = this.page.speaker;
    this.page.announce(on ? words.looking : words.stopped);
    if (on) this.watcher.start();
    else this.watcher.stop();
    this.keepAwake(on);
  }

  /** A screen that goes dark would end the looking. */
  async keepAwake(on) {
    try {
      if (on) this.lock = await navigator.wakeLock?.request("screen");
      else await this.lock?.release();
    } catch {
      // Not every browser lets a page ask.
    }
  }

  async ask() {
    const blob = await this.camera.take(LOOKED_AT);
    const { facing } = this.camera;
    const begun = performance.now();
    const prediction = await this.page.answer(blob, { evidence: true });
    this.failed = null;
    const place = prediction.decision === "unknown" ? null : sideOf(prediction.evidence?.place ?? null, facing);
    return { prediction, decision: prediction.decision, label: prediction.label, place, blob, facing, milliseconds: performance.now() - begun };
  }

  tell(answer) {
    const { speaker, about } = this.page;
    this.page.announce(sayAnswer(answer.prediction, { about, language: speaker.language, place: answer.place, short: true }));
    this.page.tell(answer);
  }

  /** What went wrong is said once; gives how long to wait. */
  trouble(error) {
    const code = error?.code ?? "unforeseen";
    if (code === "unauthorized") {
      this.turn(false);
      this.page.needKey(error);
      return 0;
    }
    if (code !== this.failed && !error?.busy) {
      const { words } = this.page.speaker;
      this.page.announce(code === "unreachable" ? words.unreachable : words.failed);
    }
    this.failed = code;
    return error?.busy ? 1000 * error.retryAfter : 2000;
  }

  async shoot() {
    if (!this.camera.open) return;
    const blob = await this.camera.take();
    if (!blob) return;
    this.turn(false);
    this.page.taken(blob, nameCapture(), this.camera.facing);
  }

  /** Back to the finder, whose camera was left open. */
  again() {
    this.page.showCamera();
    $("shutter").focus();
  }

  close() {
    if (this.watcher.on) this.turn(false);
    this.camera.stop();
    this.page.hideCamera();
  }
}
