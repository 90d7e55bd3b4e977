// Queue of pictures waiting for their answers. Nothing is lost while the server is away.

import { asApiError, cancelled } from "../api/api_error.js";

/** @import { ApiError } from "../api/api_error.js" */
/** @import { Prediction } from "../api/types.js" */
/** @import { Item } from "./items.js" */

const CONCURRENCY = 2;
const MAX_TRIES = 3;

export class Queue {
  isPaused = false;
  /** @type {Item[]} */
  #waiting = [];
  /** @type {Set<Item>} */
  #running = new Set();

  /**
   * @param {object} actions
   * @param {(item: Item) => Promise<Prediction>} actions.predict
   * @param {(item: Item) => void} actions.onChange called with every change of an item's state.
   * @param {(error: ApiError) => void} actions.onPause called with the reason for a pause.
   */
  constructor(actions) {
    this.actions = actions;
  }

  /** @param {Item[]} items */
  add(items) {
    this.#waiting.push(...items);
    for (const item of items) this.setState(item, "waiting", { tries: 0 });
    this.#startNext();
  }

  #startNext() {
    while (!this.isPaused && this.#running.size < CONCURRENCY) {
      const item = this.#waiting.shift();
      if (!item) return;
      this.#run(item);
    }
  }

  resume() {
    this.isPaused = false;
    this.#startNext();
  }

  /** @param {Item} item @param {Item["state"]} state @param {Partial<Item>} [more] */
  setState(item, state, more = {}) {
    Object.assign(item, { state, since: performance.now() }, more);
    this.actions.onChange(item);
  }

  /** @param {Item} item */
  async #run(item) {
    item.abort = new AbortController();
    this.#running.add(item);
    this.setState(item, "sending", { progress: 0, error: null });
    try {
      const start = performance.now();
      const prediction = await this.actions.predict(item);
      this.setState(item, "answered", { prediction, milliseconds: performance.now() - start, at: new Date() });
    } catch (error) {
      this.#fail(item, asApiError(error, "Try another picture."));
    } finally {
      this.#running.delete(item);
      this.#startNext();
    }
  }

  /** @param {Item} item @param {ApiError} error */
  #fail(item, error) {
    // A server that is up for others, but never answers for this picture, is not asked forever.
    const isAway = error.code === "unreachable" || error.code === "not_found";
    if (isAway) item.tries = (item.tries ?? 0) + 1;
    if (error.busy || (isAway && (item.tries ?? 0) < MAX_TRIES) || error.code === "unauthorized") {
      this.#waiting.unshift(item);
      this.setState(item, "waiting", { error });
      this.#pause(error);
    } else if (error.code === "cancelled") {
      this.setState(item, "cancelled", { error });
    } else {
      this.setState(item, "failed", { error, at: new Date() });
    }
  }

  /** Pause for as long as a busy server asks, or until `resume` is called. @param {ApiError} error */
  #pause(error) {
    if (this.isPaused) return;
    this.isPaused = true;
    if (error.busy) setTimeout(() => this.resume(), 1000 * (error.retryAfter ?? 1));
    this.actions.onPause(error);
  }

  /** Cancel the items that are waiting or running. @param {Item[]} items */
  cancel(items) {
    for (const item of items) {
      if (this.#running.has(item)) item.abort?.abort();
      const index = this.#waiting.indexOf(item);
      if (index < 0) continue;
      this.#waiting.splice(index, 1);
      this.setState(item, "cancelled", { error: cancelled() });
    }
  }

  cancelAll() {
    this.cancel([...this.#waiting, ...this.#running]);
  }
}
