// Predictions in the visitor's own browser: pictures never leave the device.

import { ApiError, cancelled } from "./api_error.js";

/** @import { Api, Config, ModelInfo, Prediction } from "./types.js" */

const PAGE = new URL("../", import.meta.url);
// Seconds: no retry by itself would help.
const NEVER = 1e6;

/**
 * Load the model, replay its golden vectors, and return an API whose `modelInfo` has `verified`.
 *
 * While it loads, the window receives events `discern:loading` with detail {loaded, total} in bytes.
 *
 * @param {Config} config with `model` and `runtime` as folders relative to the page's own folder, a `version` that
 *     changes with the model, so that no browser mixes two of them, and the files' size in `bytes`.
 * @returns {Promise<Api>}
 */
export async function openBrowserApi({ kind, model = "", runtime = "", version, bytes }) {
  const worker = new Worker(new URL("./browser_worker.js", import.meta.url), { type: "module" });
  const request = requester(worker);
  const load = { model: new URL(model, PAGE).href, runtime: new URL(runtime, PAGE).href, version, total: bytes };
  /** @type {ModelInfo} */
  const info = await request({ load }).catch((/** @type {unknown} */ error) => {
    worker.terminate();
    throw error;
  });
  registerServiceWorker();
  return {
    kind,
    limits: {},
    modelInfo: async () => info,
    predict: (blob, { evidence = false, signal, onProgress } = {}) => {
      onProgress?.(1);
      return abortable(request({ predict: { blob, evidence } }), signal);
    },
  };
}

/** Make the site open without a network from now on, where browsers support that; nothing else depends on it. */
async function registerServiceWorker() {
  try {
    await navigator.serviceWorker?.register(new URL("../offline.js", PAGE), { updateViaCache: "none" });
  } catch {
    // Pages over plain http, some private windows and full disks have to ask the host each time.
  }
}

/**
 * Reject as soon as the signal aborts; the worker finishes unnoticed.
 *
 * @param {Promise<Prediction>} prediction
 * @param {AbortSignal} [signal]
 * @returns {Promise<Prediction>}
 */
function abortable(prediction, signal) {
  if (!signal) return prediction;
  return new Promise((resolve, reject) => {
    const abort = () => reject(cancelled());
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    prediction.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/**
 * Turn messages to a worker into promises.
 *
 * @param {Worker} worker
 * @returns {(message: object) => Promise<any>}
 */
function requester(worker) {
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
  const pending = new Map();
  let last = 0;
  worker.onmessage = ({ data }) => {
    if (data.loading) {
      globalThis.dispatchEvent(new CustomEvent("discern:loading", { detail: data.loading }));
      return;
    }
    const request = pending.get(data.id);
    pending.delete(data.id);
    if (data.error) request?.reject(new ApiError(data.error.code, data.error.message, data.error.hint, data.error));
    else request?.resolve(data.result);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    for (const { reject } of pending.values()) reject(workerError(event.message));
    pending.clear();
  };
  return (message) =>
    new Promise((resolve, reject) => {
      pending.set(++last, { resolve, reject });
      worker.postMessage({ id: last, ...message });
    });
}

/** @param {string} reason */
function workerError(reason) {
  const message = `The model cannot run in this browser (${reason || "no reason given"}).`;
  return new ApiError("browser", message, "Reload the page; if that does not help, update your browser.", { retryAfter: NEVER });
}
