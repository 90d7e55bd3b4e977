// Answers in the visitor's own browser: pictures never leave the device.

/**
 * Load the model, replay its golden vectors, and be ready to answer.
 *
 * While it loads, the page's window is told by events `discern:loading` with detail {loaded, total} in bytes.
 *
 * @param config.model, config.runtime folders, relative to the page's own folder.
 * @param config.version changes with the model, so that no browser mixes two of them.
 * @param config.bytes how large the files are together.
 * @returns an answerer; what `about` gives has `verified`: {passed, worst_difference}.
 */
export async function open(config) {
  const worker = new Worker(new URL("./browser_worker.js", import.meta.url), { type: "module" });
  const ask = asking(worker);
  const at = (folder) => new URL(folder, new URL("../", import.meta.url)).href;
  const open = { model: at(config.model), runtime: at(config.runtime), version: config.version, total: config.bytes };
  const about = await ask({ open }).catch((error) => {
    worker.terminate();
    throw error;
  });
  keepSite();
  return {
    kind: config.kind,
    limits: {},
    about: async () => about,
    answer: (blob, { evidence = false, signal, onProgress } = {}) => {
      onProgress?.(1);
      return stoppable(ask({ answer: { blob, evidence } }), signal);
    },
  };
}

/** Let the site open without a network from now on, where browsers can do that; nothing else depends on it. */
async function keepSite() {
  try {
    await navigator.serviceWorker?.register(new URL("../../offline.js", import.meta.url), { updateViaCache: "none" });
  } catch {
    // Pages over plain http, some private windows and full disks have to ask the host each time.
  }
}

/** An answer that nobody waits for any more when it is cancelled. */
function stoppable(answer, signal) {
  if (!signal) return answer;
  return new Promise((resolve, reject) => {
    const stop = () => reject({ code: "cancelled", message: "Cancelled.", hint: "" });
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** Questions to a worker as promises. */
function asking(worker) {
  const waiting = new Map();
  let last = 0;
  worker.onmessage = ({ data }) => {
    if (data.loading) {
      globalThis.dispatchEvent(new CustomEvent("discern:loading", { detail: data.loading }));
      return;
    }
    const { resolve, reject } = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error) reject(data.error);
    else resolve(data.result);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    for (const { reject } of waiting.values()) reject(broken(event.message));
    waiting.clear();
  };
  return (question) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      worker.postMessage({ id: last, ...question });
    });
}

function broken(why) {
  const hint = "Load the page anew; if that does not help, use a current browser.";
  const message = `The model cannot run in this browser (${why || "it did not say why"}).`;
  return { code: "browser", message, hint, retryAfter: 1e6 };
}
