// Connection to the API, which reconnects when the API was away.

import { saveSetting } from "../view/dom.js";
import { hideNotice, showNotice } from "../view/notice.js";
import { ApiError, asApiError } from "./api_error.js";
import { connect } from "./connect.js";

/** @import { Api, Example, ModelInfo } from "./types.js" */

/** @typedef {Api & { examples: Example[] }} ConnectedApi */

const RETRY_SECONDS = [1, 2, 3, 5, 8];

export class Connection {
  /** @type {ConnectedApi | null} */
  api = null;
  /** @type {string | undefined} */
  #model;
  /** @type {Promise<ConnectedApi> | null} */
  #opening = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #tries = 0;
  #generation = 0;

  /**
   * @param {object} actions
   * @param {(info: ModelInfo) => void} actions.onModel called with the model that answers.
   * @param {(error: ApiError) => void} actions.onKeyRequired
   */
  constructor(actions) {
    this.actions = actions;
  }

  /** Try until the model's description has arrived, and show what goes wrong. @param {string} [model] */
  async establish(model) {
    if (model !== undefined) this.#model = model;
    clearTimeout(this.#timer);
    // Responses that arrive after another call of this method are outdated.
    const generation = (this.#generation += 1);
    const isOutdated = () => generation !== this.#generation;
    try {
      this.api ??= await this.#open();
      const found = await this.#fetchModelInfo(this.api, isOutdated);
      if (!isOutdated()) this.#settle(found);
    } catch (thrown) {
      if (isOutdated()) return;
      const error = asApiError(thrown, "Reload the page.");
      if (error.code === "unauthorized") this.actions.onKeyRequired(error);
      else this.retry(error);
    }
  }

  /** Open one API, however often it is asked for: a second one would load the model a second time. */
  #open() {
    this.#opening ??= connect().finally(() => (this.#opening = null));
    return this.#opening;
  }

  /** @param {{ info: ModelInfo, missing?: string }} found */
  #settle({ info, missing }) {
    this.#tries = 0;
    hideNotice("connection");
    this.actions.onModel(info);
    if (!missing) return;
    const text = `The model “${missing}” is no longer available; “${info.name}” answers now.`;
    showNotice("connection", text, { label: "OK", act: () => hideNotice("connection") });
  }

  /**
   * Describe the model that was chosen, or the first one where that is gone.
   *
   * @param {ConnectedApi} api
   * @param {() => boolean} isOutdated
   */
  async #fetchModelInfo(api, isOutdated) {
    const model = this.#model;
    try {
      const info = await api.modelInfo({ model });
      // A site without a server has one model, whatever the address names.
      const asked = api.kind === "local" ? new URLSearchParams(location.search).get("model") : null;
      return { info, missing: asked && asked !== info.name ? asked : undefined };
    } catch (error) {
      const isMissing = error instanceof ApiError && error.code === "not_found";
      if (isOutdated() || !isMissing || model === undefined) throw error;
      this.#model = undefined;
      saveSetting("model", undefined);
      return { info: await api.modelInfo(), missing: model };
    }
  }

  /** Show an error, and connect again after a while. @param {ApiError} error */
  retry(error) {
    clearTimeout(this.#timer);
    const seconds = error.retryAfter ?? RETRY_SECONDS[Math.min(this.#tries, RETRY_SECONDS.length - 1)];
    this.#tries += 1;
    const parts = [error.message, error.hint, "Pictures that you add now wait until then."];
    showNotice("connection", parts.filter(Boolean).join(" "), { label: "Try now", act: () => this.establish() });
    this.#timer = setTimeout(() => this.establish(), 1000 * seconds);
  }
}
