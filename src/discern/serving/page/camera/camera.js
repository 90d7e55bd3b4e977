// The camera: what it sees, as the square that is shown and sent.

import { SMALL } from "./change_detection.js";

const SIDE = 960;

export class Camera {
  /** `lost()` is called when the camera ends without having been stopped here: unplugged, or taken by another program. */
  constructor(video, lost) {
    Object.assign(this, { video, lost });
    this.small = document.createElement("canvas");
    this.small.width = this.small.height = SMALL;
    this.facing = "environment";
    this.generation = 0;
  }

  get open() {
    return Boolean(this.stream);
  }

  /** Whether it is open, and gives no pictures any more. */
  get gone() {
    return Boolean(this.stream?.getVideoTracks().some((track) => track.muted || track.readyState === "ended"));
  }

  static get able() {
    return Boolean(navigator.mediaDevices?.getUserMedia);
  }

  /**
   * Open a camera, by preference one that looks where the user looks.
   *
   * Gives how its direction is known; null where it was stopped before it had opened, which may take as long as
   * somebody thinks about whether to allow it.
   */
  async start(device = "") {
    this.stop();
    const { generation } = this;
    try {
      const stream = await request(device);
      if (generation !== this.generation) return end(stream);
      this.stream = stream;
      return await this.show();
    } catch (error) {
      if (generation !== this.generation) return null;
      this.stop();
      throw error;
    }
  }

  async show() {
    this.video.srcObject = this.stream;
    const track = this.stream.getVideoTracks()[0];
    await this.video.play();
    track.onended = () => this.lost();
    // Phones take the camera from every page that is hidden, and give it back.
    track.onmute = () => document.hidden || this.lost();
    const { facing, known } = whichWay(track);
    this.face(facing);
    return { known, device: track.getSettings().deviceId ?? "" };
  }

  face(facing) {
    this.facing = facing;
    this.video.parentElement.classList.toggle("mirrored", facing === "user");
  }

  /** Close it, and whatever is still being opened. */
  stop() {
    this.generation += 1;
    this.stream = end(this.stream);
    this.video.srcObject = null;
  }

  async devices() {
    const all = await navigator.mediaDevices.enumerateDevices();
    return all.filter((device) => device.kind === "videoinput");
  }

  /** A small frame, red, green and blue in turn, to see whether anything has changed; null while there is no picture. */
  look() {
    if (!this.video.videoWidth) return null;
    const brush = this.small.getContext("2d", { willReadFrequently: true });
    this.draw(brush, SMALL);
    const { data } = brush.getImageData(0, 0, SMALL, SMALL);
    return data.filter((_, place) => place % 4 < 3);
  }

  /** What is seen, as a JPEG of at most `side` px; never mirrored. */
  take(side = SIDE) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = Math.min(side, this.video.videoWidth, this.video.videoHeight);
    this.draw(canvas.getContext("2d"), canvas.width);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
  }

  draw(brush, side) {
    const { videoWidth: width, videoHeight: height } = this.video;
    const cut = Math.min(width, height);
    brush.drawImage(this.video, (width - cut) / 2, (height - cut) / 2, cut, cut, 0, 0, side, side);
  }
}

/** Ask for a stream: of this device, or of another where it has been unplugged. */
async function request(device) {
  const which = device ? { deviceId: { exact: device } } : { facingMode: { ideal: "environment" } };
  const size = { width: { ideal: 1280 }, height: { ideal: SIDE } };
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { ...which, ...size }, audio: false });
  } catch (error) {
    if (device && error.name === "OverconstrainedError") return request("");
    throw error;
  }
}

function end(stream) {
  for (const track of stream?.getTracks() ?? []) {
    track.onended = track.onmute = null;
    track.stop();
  }
  return null;
}

function whichWay(track) {
  const said = track.getSettings().facingMode;
  if (said) return { facing: said === "user" ? "user" : "environment", known: true };
  return { facing: /front|facetime|integrated|selfie|user/i.test(track.label) ? "user" : "environment", known: false };
}

/** Why there is no camera, for people. */
export function wordTrouble(error) {
  const words = {
    NotAllowedError: "The camera may not be used. Allow it in the browser’s settings for this page, then try again.",
    NotFoundError: "There is no camera here. You can choose a picture instead.",
    NotReadableError: "The camera is in use by another program. Close that, then try again.",
  };
  return words[error?.name] ?? `The camera cannot be used (${error?.name ?? "unknown reason"}). You can choose a picture instead.`;
}
