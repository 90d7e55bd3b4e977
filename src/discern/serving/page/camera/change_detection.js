// Live answers: predict when the camera's picture has changed, and announce an answer when it is new and stable.

/** @import { Decision, Place } from "../api/types.js" */

/** @typedef {{ decision: Decision, label: string, place: Place | null }} AnswerKey */

const TICK = 200;
const MIN_INTERVAL = 500;
const CELL_THRESHOLD = 18;
const CHANGED_SHARE = 0.03;
export const FRAME_SIDE = 24;

/**
 * Compare two small frames: true where some share of their cells has changed in some colour by more than noise does,
 * once a change of the light as a whole is taken away.
 *
 * @param {ArrayLike<number> | null} before FRAME_SIDE x FRAME_SIDE times red, green and blue in [0, 255].
 * @param {ArrayLike<number>} after
 */
export function hasChanged(before, after) {
  if (!before) return true;
  const light = [0, 1, 2].map((channel) => mean(after, channel) - mean(before, channel));
  let changed = 0;
  for (let cell = 0; cell < after.length; cell += 3) {
    const differs = light.some((shift, channel) =>
      Math.abs(after[cell + channel] - before[cell + channel] - shift) > CELL_THRESHOLD);
    if (differs) changed += 1;
  }
  return changed > (CHANGED_SHARE * after.length) / 3 || light.some((shift) => Math.abs(shift) > 3 * CELL_THRESHOLD);
}

/** @param {ArrayLike<number>} frame @param {number} channel */
function mean(frame, channel) {
  let sum = 0;
  for (let cell = channel; cell < frame.length; cell += 3) sum += frame[cell];
  return (3 * sum) / frame.length;
}

/** Filter that passes only answers worth announcing: different from the last one announced, and repeated. */
export class StabilityFilter {
  /** @type {{ key: string, subject: string } | null} */
  #announced = null;
  #last = "";
  #count = 0;

  /** Forget what was announced. */
  reset() {
    this.#announced = null;
    this.restart();
  }

  /** Start counting repetitions again. */
  restart() {
    this.#last = "";
    this.#count = 0;
  }

  /** Add an answer, and return whether it is stable, and whether it is new. @param {AnswerKey} answer */
  add({ decision, label, place }) {
    const subject = `${decision}|${label}`;
    const key = `${subject}|${place}`;
    this.#count = key === this.#last ? this.#count + 1 : 1;
    this.#last = key;
    const hasMoved = this.#announced?.subject === subject && key !== this.#announced.key;
    // An object at the border between two places must not chatter.
    const isStable = this.#count >= (hasMoved ? 3 : 2);
    const isNew = isStable && key !== this.#announced?.key;
    if (isNew) this.#announced = { key, subject };
    return { isStable, isNew };
  }
}

/**
 * Loop that watches the camera until it is stopped.
 *
 * @template {AnswerKey} Answer
 */
export class ChangeWatcher {
  isRunning = false;
  #filter = new StabilityFilter();
  #generation = 0;

  /**
   * @param {object} actions
   * @param {() => ArrayLike<number> | null} actions.frame returns a small frame; null while there is none.
   * @param {() => Promise<Answer>} actions.predict
   * @param {(answer: Answer) => void} actions.show receives every answer.
   * @param {(answer: Answer) => void} actions.announce receives the answers worth announcing.
   * @param {(error: unknown) => number} actions.onError returns how many milliseconds to wait.
   */
  constructor(actions) {
    this.actions = actions;
  }

  start() {
    if (this.isRunning) return;
    this.isRunning = true;
    this.#filter.reset();
    this.#run();
  }

  stop() {
    this.isRunning = false;
  }

  async #run() {
    /** @type {ArrayLike<number> | null} */
    let predicted = null;
    let isStable = false;
    const generation = (this.#generation += 1);
    while (this.isRunning && this.#generation === generation) {
      const start = performance.now();
      const frame = document.hidden ? null : this.actions.frame();
      if (frame && isStable && hasChanged(predicted, frame)) {
        isStable = false;
        this.#filter.restart();
      }
      if (frame && !isStable) {
        predicted = frame;
        isStable = await this.#predictOnce();
        await pause(start + MIN_INTERVAL - performance.now());
      } else {
        await pause(TICK);
      }
    }
  }

  /** Predict once, and return whether the answer is stable. */
  async #predictOnce() {
    try {
      const answer = await this.actions.predict();
      if (!this.isRunning) return true;
      this.actions.show(answer);
      const { isStable, isNew } = this.#filter.add(answer);
      if (isNew) this.actions.announce(answer);
      return isStable;
    } catch (error) {
      if (!this.isRunning) return true;
      await pause(this.actions.onError(error));
      return false;
    }
  }
}

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
