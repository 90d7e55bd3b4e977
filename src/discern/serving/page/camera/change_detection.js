// Hands-free: asks when what the camera sees has changed, and tells when the answer has, and has settled.

const TICK = 200;
const PAUSE = 500;
const CELL = 18;
const SHARE = 0.03;
export const SMALL = 24;

/**
 * Whether two small frames show something different: some share of their cells has changed in some colour by more
 * than noise does, once a change of the light as a whole is taken away.
 *
 * A frame is an array of SMALL x SMALL times red, green and blue in [0, 255].
 */
export function differs(before, after) {
  if (!before) return true;
  const light = [0, 1, 2].map((colour) => mean(after, colour) - mean(before, colour));
  let changed = 0;
  for (let cell = 0; cell < after.length; cell += 3) {
    changed += light.some((shift, colour) => Math.abs(after[cell + colour] - before[cell + colour] - shift) > CELL);
  }
  return changed > (SHARE * after.length) / 3 || light.some((shift) => Math.abs(shift) > 3 * CELL);
}

function mean(frame, colour) {
  let sum = 0;
  for (let cell = colour; cell < frame.length; cell += 3) sum += frame[cell];
  return (3 * sum) / frame.length;
}

/** Decides what is worth telling: an answer that differs from the one told last, and came twice in a row. */
export class Settling {
  constructor() {
    this.forget();
  }

  forget() {
    this.told = null;
    this.restart();
  }

  restart() {
    this.last = "";
    this.count = 0;
  }

  /** Take an answer. Gives whether it has settled, and whether it is news. */
  take({ decision, label, place }) {
    const key = `${decision}|${label}|${place}`;
    this.count = key === this.last ? this.count + 1 : 1;
    this.last = key;
    const moved = this.told?.what === `${decision}|${label}`;
    // A thing at the border of two places must not chatter.
    const settled = this.count >= (moved && key !== this.told.key ? 3 : 2);
    const news = settled && key !== this.told?.key;
    if (news) this.told = { key, what: `${decision}|${label}` };
    return { settled, news };
  }
}

/**
 * Looks until it is stopped.
 *
 * `look()` gives a small frame, `ask()` an answer as `{decision, label, place, ...}`, `show(answer)` is given
 * each, `tell(answer)` what is worth saying, `trouble(error)` what went wrong; it gives how many ms to wait.
 */
export class Watcher {
  constructor({ look, ask, show, tell, trouble }) {
    Object.assign(this, { look, ask, show, tell, trouble });
    this.settling = new Settling();
    this.on = false;
  }

  start() {
    if (this.on) return;
    this.on = true;
    this.settling.forget();
    this.run();
  }

  stop() {
    this.on = false;
  }

  async run() {
    let asked = null;
    let settled = false;
    const round = (this.round = {});
    while (this.on && this.round === round) {
      const begun = performance.now();
      const frame = document.hidden ? null : this.look();
      if (frame && settled && differs(asked, frame)) {
        settled = false;
        this.settling.restart();
      }
      if (frame && !settled) {
        asked = frame;
        settled = await this.once();
        await pause(begun + PAUSE - performance.now());
      } else {
        await pause(TICK);
      }
    }
  }

  async once() {
    try {
      const answer = await this.ask();
      if (!this.on) return true;
      this.show(answer);
      const { settled, news } = this.settling.take(answer);
      if (news) this.tell(answer);
      return settled;
    } catch (error) {
      if (!this.on) return true;
      await pause(this.trouble(error));
      return false;
    }
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
