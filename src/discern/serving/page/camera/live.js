// The camera's part of the page: the viewfinder, the shutter, and live answers.

import { asApiError } from "../api/api_error.js";
import { captureName } from "../queue/items.js";
import { $, el } from "../view/dom.js";
import { hideNotice, showNotice } from "../view/notice.js";
import { spokenAnswer, userSide } from "../voice/phrases.js";
import { Camera, cameraErrorText } from "./camera.js";
import { ChangeWatcher } from "./change_detection.js";
import { Highlight } from "./highlight.js";

/** @import { ApiError } from "../api/api_error.js" */
/** @import { ModelInfo, Place, Prediction, PredictOptions } from "../api/types.js" */
/** @import { Stage } from "../view/stage.js" */
/** @import { Announcer } from "../voice/announcer.js" */
/** @import { Facing } from "./camera.js" */
/** @import { AnswerKey } from "./change_detection.js" */

/**
 * @typedef {AnswerKey & { prediction: Prediction, blob: Blob, facing: Facing, modelInfo: ModelInfo | null, milliseconds: number }} LiveAnswer
 *
 * @typedef {object} LivePage the page, as far as the camera uses it.
 * @property {Announcer} announcer
 * @property {Stage} stage
 * @property {ModelInfo | null} modelInfo
 * @property {(blob: Blob, options: PredictOptions) => Promise<Prediction>} predict
 * @property {(answer: LiveAnswer) => void} recordLive
 * @property {(blob: Blob, name: string, facing: Facing) => void} addCapture
 * @property {(error: ApiError) => void} handleApiError
 */

const LIVE_SIDE = 640;
const WAKE_DELAY = 1000;
const RETRY_DELAY = 2000;

export class LiveCamera {
  /** @type {Map<string, Facing>} */
  #corrected = new Map();
  #highlight = new Highlight();
  /** @type {{ device: string, done: Promise<boolean> } | null} */
  #opening = null;
  #device = "";
  /** @type {string | null} */
  #lastErrorCode = null;
  /** @type {WakeLockSentinel | undefined} */
  #wakeLock;

  /** @param {LivePage} page */
  constructor(page) {
    this.page = page;
    this.camera = new Camera($("video"), () => this.#handleLoss());
    /** @type {ChangeWatcher<LiveAnswer>} */
    this.watcher = new ChangeWatcher({
      frame: () => this.camera.smallFrame(),
      predict: () => this.#predict(),
      show: (answer) => this.#show(answer),
      announce: (answer) => this.#announce(answer),
      onError: (error) => this.#handleError(error),
    });
    $("camera-open").onclick = () => this.open();
    $("hands-free").onclick = () => this.startHandsFree();
    $("camera-close").onclick = () => this.close();
    $("live").onclick = () => this.#setLive(!this.watcher.isRunning);
    $("shutter").onclick = () => this.#takePicture();
    $("device").onchange = () => this.open($("device").value);
    $("facing").onchange = () => this.#correctFacing(/** @type {Facing} */ ($("facing").value));
    document.addEventListener("visibilitychange", () => document.hidden || this.#wake());
  }

  /** Open a camera, and return whether one is open; pressing twice asks once. @param {string} [device] */
  open(device = "") {
    if (!Camera.isSupported) return this.#explainMissingCamera();
    if (this.camera.isOpen && !device && this.#opening) $("shutter").focus();
    else if (this.#opening?.device !== device) this.#opening = { device, done: this.#start(device) };
    return this.#opening.done;
  }

  /** @param {string} device */
  async #start(device) {
    try {
      const started = await this.camera.start(device);
      if (!started) return false;
      this.#device = started.device;
      hideNotice("camera");
      this.page.stage.showCamera();
      const corrected = this.#corrected.get(this.#device);
      this.#setFacing(corrected ?? this.camera.facing, Boolean(corrected) || started.known);
      $("shutter").focus();
      await this.#listDevices();
      return this.camera.isOpen;
    } catch (error) {
      this.#opening = null;
      showNotice("camera", cameraErrorText(error), { label: "Choose a picture", act: () => $("files").click() });
      return false;
    }
  }

  #explainMissingCamera() {
    showNotice(
      "camera",
      "Browsers allow camera access only on pages served over HTTPS or from this computer. You can still take a picture with your camera app.",
      { label: "Take a picture", act: () => $("capture-file").click() },
    );
    return false;
  }

  /** Override the camera's own report: whoever holds it knows better which way it faces. @param {Facing} facing */
  #correctFacing(facing) {
    this.#corrected.set(this.#device, facing);
    this.#setFacing(facing, true);
  }

  /** @param {Facing} facing @param {boolean} known */
  #setFacing(facing, known) {
    this.camera.setFacing(facing);
    $("facing").value = facing;
    const text = facing === "user"
      ? "The camera faces you, and its picture is mirrored: left on the screen is your left. Directions are given from your point of view."
      : "The camera faces away from you: left in the picture is your left.";
    const assumption = " This camera does not report which way it faces, so this is assumed; change it above if it is wrong.";
    $("facing-note").textContent = known ? text : text + assumption;
  }

  async #listDevices() {
    const devices = await this.camera.listDevices();
    const options = devices.map((device, index) => el("option", { value: device.deviceId }, device.label || `Camera ${index + 1}`));
    $("device").replaceChildren(...options);
    $("device").value = this.#device;
    $("device-pick").hidden = devices.length < 2;
  }

  /** Start the camera, live answers and the voice with one press. */
  async startHandsFree() {
    this.page.announcer.enable();
    if (!this.camera.isOpen && !(await this.open())) return;
    this.#setLive(true);
    $("live").focus();
  }

  /** @param {boolean} on @param {"looking" | "stopped" | "lost"} [phrase] */
  #setLive(on, phrase = on ? "looking" : "stopped") {
    if (on === this.watcher.isRunning) return;
    $("live").setAttribute("aria-pressed", String(on));
    const { announcer } = this.page;
    announcer.announceLive(announcer.phrases[phrase]);
    if (on) this.watcher.start();
    else this.watcher.stop();
    if (!on) this.#highlight.show(null);
    this.#updateWakeLock();
  }

  /** Keep the screen on while live answers run. */
  async #updateWakeLock() {
    try {
      if (this.watcher.isRunning) this.#wakeLock = await navigator.wakeLock?.request("screen");
      if (!this.watcher.isRunning) await this.#wakeLock?.release();
    } catch {
      // Not every browser lets a page ask.
    }
  }

  /** Handle that the page is visible again: browsers release wake locks, and may have taken the camera. */
  #wake() {
    if (this.watcher.isRunning) this.#updateWakeLock();
    setTimeout(() => this.camera.isDead && !document.hidden && this.#handleLoss(), WAKE_DELAY);
  }

  /** Announce that the camera ended although nobody closed it: people who cannot see that have to hear it. */
  #handleLoss() {
    if (!this.camera.isOpen) return;
    const { stage, announcer } = this.page;
    const wasLive = this.watcher.isRunning;
    if (wasLive) this.#setLive(false, "lost");
    else announcer.announceLive(announcer.phrases.lost);
    this.leave();
    stage.hideCamera();
    const notice = showNotice(
      "camera",
      "The camera has stopped. It may have been unplugged, or another program may be using it.",
      { label: "Open the camera again", act: () => (wasLive ? this.startHandsFree() : this.open()) },
    );
    notice.querySelector("button")?.focus();
  }

  /** @returns {Promise<LiveAnswer>} */
  async #predict() {
    const blob = await this.camera.capture(LIVE_SIDE);
    if (!blob) throw new Error("the camera gave no picture");
    const { facing } = this.camera;
    const { modelInfo } = this.page;
    const start = performance.now();
    const prediction = await this.page.predict(blob, { evidence: true });
    this.#lastErrorCode = null;
    const { decision, label } = prediction;
    /** @type {Place | null} */
    const place = decision === "unknown" ? null : userSide(prediction.evidence?.place ?? null, facing);
    return { prediction, decision, label, place, blob, facing, modelInfo, milliseconds: performance.now() - start };
  }

  /** @param {LiveAnswer} answer */
  #show(answer) {
    this.#highlight.show(answer);
    this.page.stage.showLive(answer);
  }

  /** @param {LiveAnswer} answer */
  #announce(answer) {
    const { announcer } = this.page;
    const { prediction, modelInfo, place } = answer;
    announcer.announceLive(spokenAnswer(prediction, { modelInfo, language: announcer.language, place, short: true }));
    this.page.recordLive(answer);
  }

  /** Announce a problem once, and return how long to wait. @param {unknown} thrown */
  #handleError(thrown) {
    const error = asApiError(thrown, "Try again.");
    const { code } = error;
    if (code === "unauthorized") {
      this.#setLive(false);
      this.page.handleApiError(error);
      return 0;
    }
    if (code === "not_found") this.page.handleApiError(error);
    if (code !== this.#lastErrorCode && !error.busy) {
      const { announcer } = this.page;
      announcer.announceLive(code === "unreachable" ? announcer.phrases.unreachable : announcer.phrases.failed);
    }
    this.#lastErrorCode = code;
    return error.busy ? 1000 * (error.retryAfter ?? 1) : RETRY_DELAY;
  }

  async #takePicture() {
    if (!this.camera.isOpen) return;
    const blob = await this.camera.capture();
    // The first of two presses has closed it.
    if (!blob || !this.camera.isOpen) return;
    this.page.addCapture(blob, captureName(), this.camera.facing);
  }

  /** Return to the viewfinder, with the camera that was used last. */
  retake() {
    return this.open(this.#device);
  }

  /** Release the camera: its lamp is on only while the viewfinder is visible. */
  leave() {
    this.#setLive(false);
    this.#opening = null;
    this.camera.stop();
  }

  close() {
    this.leave();
    this.page.stage.hideCamera();
  }
}
