// The line in which pictures wait for their answers. Nothing that was dropped is lost while the server is away.

const AT_ONCE = 2;
const TRIES = 3;

/** A line; `ask(item)` gets one answer, `changed(item)` is told whatever happens to one, `halted(error)` why it stands still. */
export class Line {
  constructor({ ask, changed, halted }) {
    Object.assign(this, { ask, changed, halted });
    this.waiting = [];
    this.running = new Set();
    this.held = false;
  }

  get left() {
    return this.waiting.length + this.running.size;
  }

  add(items) {
    this.waiting.push(...items);
    for (const item of items) this.mark(item, "waiting", { tries: 0 });
    this.go();
  }

  go() {
    while (!this.held && this.waiting.length && this.running.size < AT_ONCE) this.run(this.waiting.shift());
  }

  resume() {
    this.held = false;
    this.go();
  }

  mark(item, state, more = {}) {
    Object.assign(item, { state, since: performance.now() }, more);
    this.changed(item);
  }

  async run(item) {
    item.stop = new AbortController();
    this.running.add(item);
    this.mark(item, "sending", { progress: 0, error: null });
    try {
      const begun = performance.now();
      const prediction = await this.ask(item);
      this.mark(item, "answered", { prediction, milliseconds: performance.now() - begun, at: new Date() });
    } catch (error) {
      this.fail(item, error);
    } finally {
      this.running.delete(item);
      this.go();
    }
  }

  fail(item, error) {
    // A server that is there for others, but never answers this picture, is not asked for ever.
    const away = error?.code === "unreachable" || error?.code === "not_found";
    if (away) item.tries = (item.tries ?? 0) + 1;
    if (error?.busy || (away && item.tries < TRIES) || error?.code === "unauthorized") {
      this.waiting.unshift(item);
      this.mark(item, "waiting", { error });
      this.hold(error);
    } else if (error?.code === "cancelled") {
      this.mark(item, "cancelled", { error });
    } else {
      const told = error?.code ? error : { code: "unforeseen", message: String(error?.message ?? error), hint: "Try another picture." };
      this.mark(item, "failed", { error: told, at: new Date() });
    }
  }

  /** Stand still: for as long as a busy server asks, or until somebody calls `resume`. */
  hold(error) {
    if (this.held) return;
    this.held = true;
    if (error.busy) setTimeout(() => this.resume(), 1000 * error.retryAfter);
    this.halted(error);
  }

  /** Cancel some items; those that are neither waited for nor waiting stay as they are. */
  cancel(items) {
    for (const item of items) {
      if (this.running.has(item)) item.stop.abort();
      const place = this.waiting.indexOf(item);
      if (place < 0) continue;
      this.waiting.splice(place, 1);
      this.mark(item, "cancelled", { error: { code: "cancelled", message: "Cancelled.", hint: "" } });
    }
  }

  cancelAll() {
    this.cancel([...this.waiting, ...this.running]);
  }
}
