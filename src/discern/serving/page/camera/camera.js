// The camera: the square of its picture that is shown and sent.

import { FRAME_SIDE } from "./change_detection.js";

/** @typedef {"environment" | "user"} Facing away from the user, or towards the user */

const CAPTURE_SIDE = 960;

export class Camera {
  /** @type {MediaStream | null} */
  #stream = null;
  #generation = 0;
  #frameCanvas = document.createElement("canvas");
  /** @type {Facing} */
  facing = "environment";

  /**
   * @param {HTMLVideoElement} video
   * @param {() => void} onLost called when the camera ends without `stop`: unplugged, or taken by another program.
   */
  constructor(video, onLost) {
    this.video = video;
    this.onLost = onLost;
    this.#frameCanvas.width = this.#frameCanvas.height = FRAME_SIDE;
  }

  get isOpen() {
    return Boolean(this.#stream);
  }

  /** True where it is open, and delivers no pictures any more. */
  get isDead() {
    return Boolean(this.#stream?.getVideoTracks().some((track) => track.muted || track.readyState === "ended"));
  }

  static get isSupported() {
    return Boolean(navigator.mediaDevices?.getUserMedia);
  }

  /**
   * Open a camera, by preference one that faces away from the user.
   *
   * Return how its direction is known; null where it was stopped before it had opened, which may take as long as
   * somebody thinks about whether to allow it.
   *
   * @param {string} [device]
   */
  async start(device = "") {
    this.stop();
    const generation = this.#generation;
    try {
      const stream = await requestStream(device);
      if (generation !== this.#generation) {
        endStream(stream);
        return null;
      }
      this.#stream = stream;
      return await this.#play(stream);
    } catch (error) {
      if (generation !== this.#generation) return null;
      this.stop();
      throw error;
    }
  }

  /** @param {MediaStream} stream */
  async #play(stream) {
    this.video.srcObject = stream;
    const track = stream.getVideoTracks()[0];
    await this.video.play();
    track.onended = () => this.onLost();
    // Phones take the camera from every page that is hidden, and give it back.
    track.onmute = () => document.hidden || this.onLost();
    const { facing, known } = detectFacing(track);
    this.setFacing(facing);
    return { known, device: track.getSettings().deviceId ?? "" };
  }

  /** @param {Facing} facing */
  setFacing(facing) {
    this.facing = facing;
    this.video.parentElement?.classList.toggle("mirrored", facing === "user");
  }

  /** Close it, and whatever is still being opened. */
  stop() {
    this.#generation += 1;
    endStream(this.#stream);
    this.#stream = null;
    this.video.srcObject = null;
  }

  async listDevices() {
    const all = await navigator.mediaDevices.enumerateDevices();
    return all.filter((device) => device.kind === "videoinput");
  }

  /** Return a small frame for change detection, red, green and blue in turn; null while there is no picture. */
  smallFrame() {
    if (!this.video.videoWidth) return null;
    const context = context2d(this.#frameCanvas, { willReadFrequently: true });
    this.#draw(context, FRAME_SIDE);
    const { data } = context.getImageData(0, 0, FRAME_SIDE, FRAME_SIDE);
    return data.filter((_, index) => index % 4 < 3);
  }

  /** Take a JPEG of at most `side` px, never mirrored. @param {number} [side] @returns {Promise<Blob | null>} */
  capture(side = CAPTURE_SIDE) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = Math.min(side, this.video.videoWidth, this.video.videoHeight);
    this.#draw(context2d(canvas), canvas.width);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
  }

  /** @param {CanvasRenderingContext2D} context @param {number} side */
  #draw(context, side) {
    const { videoWidth: width, videoHeight: height } = this.video;
    const cut = Math.min(width, height);
    context.drawImage(this.video, (width - cut) / 2, (height - cut) / 2, cut, cut, 0, 0, side, side);
  }
}

/** @param {HTMLCanvasElement} canvas @param {CanvasRenderingContext2DSettings} [settings] */
function context2d(canvas, settings) {
  const context = canvas.getContext("2d", settings);
  if (!context) throw new Error("this browser has no 2D canvas");
  return context;
}

/**
 * Request a stream: from this device, or from another one where it has been unplugged.
 *
 * @param {string} device
 * @returns {Promise<MediaStream>}
 */
async function requestStream(device) {
  const source = device ? { deviceId: { exact: device } } : { facingMode: { ideal: "environment" } };
  const size = { width: { ideal: 1280 }, height: { ideal: CAPTURE_SIDE } };
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { ...source, ...size }, audio: false });
  } catch (error) {
    if (device && error instanceof Error && error.name === "OverconstrainedError") return requestStream("");
    throw error;
  }
}

/** @param {MediaStream | null} stream */
function endStream(stream) {
  for (const track of stream?.getTracks() ?? []) {
    track.onended = track.onmute = null;
    track.stop();
  }
}

/** @param {MediaStreamTrack} track @returns {{ facing: Facing, known: boolean }} */
function detectFacing(track) {
  const reported = track.getSettings().facingMode;
  if (reported) return { facing: reported === "user" ? "user" : "environment", known: true };
  return { facing: /front|facetime|integrated|selfie|user/i.test(track.label) ? "user" : "environment", known: false };
}

/** Explain why the camera cannot be used. @param {unknown} error */
export function cameraErrorText(error) {
  const name = error instanceof Error ? error.name : "unknown reason";
  switch (name) {
    case "NotAllowedError":
      return "Camera access is blocked. Allow it in the browser’s settings for this page, then try again.";
    case "NotFoundError":
      return "No camera was found. You can choose a picture instead.";
    case "NotReadableError":
      return "The camera is in use by another program. Close that program, then try again.";
    default:
      return `The camera cannot be used (${name}). You can choose a picture instead.`;
  }
}
