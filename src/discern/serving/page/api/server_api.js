// Answers from a server over HTTP.

const KEY = "discern.key";
const PATIENCE = 90_000;
// In seconds; a timer that is set for much longer than a day goes off at once.
const LONGEST_WAIT = 3600;

export function open(config) {
  const base = config.url ? `${config.url.replace(/\/+$/, "")}/` : new URL("../../", import.meta.url).href;
  return {
    kind: config.kind,
    limits: config.limits ?? {},
    giveKey: (key) => sessionStorage.setItem(KEY, key),
    about: ({ model } = {}) => describe(address(base, "model", { model })),
    answer: (blob, { evidence = false, model, signal, onProgress } = {}) =>
      send(address(base, "predict", { model, evidence: evidence ? "1" : undefined }), blob, { signal, onProgress }),
  };
}

function address(base, path, query) {
  const url = new URL(path, base);
  for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
  return url;
}

async function describe(url) {
  let response;
  try {
    response = await fetch(url, { headers: identify(), signal: AbortSignal.timeout(15_000) });
  } catch {
    throw unreachable();
  }
  const said = await response.json().catch(() => null);
  if (!response.ok || !said) throw refusal(response.status, said, response.headers.get("Retry-After"));
  return said;
}

function identify() {
  const key = sessionStorage.getItem(KEY);
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** `fetch` does not tell how much of a body has gone; a slow network is only bearable when one sees that. */
function send(url, blob, { signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    request.open("POST", url);
    request.timeout = PATIENCE;
    request.setRequestHeader("Content-Type", blob.type.startsWith("image/") ? blob.type : "application/octet-stream");
    for (const [name, value] of Object.entries(identify())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress?.(event.lengthComputable ? event.loaded / event.total : 0);
    request.upload.onload = () => onProgress?.(1);
    request.onerror = () => reject(unreachable());
    request.ontimeout = () => reject(unreachable("The server has not answered in a minute and a half."));
    request.onabort = () => reject({ code: "cancelled", message: "Cancelled.", hint: "" });
    request.onload = () => settle(request, resolve, reject);
    request.onloadend = () => signal?.removeEventListener("abort", stop);
    if (signal?.aborted) return request.onabort();
    signal?.addEventListener("abort", stop);
    request.send(blob);
  });
}

function settle(request, resolve, reject) {
  const said = parse(request.responseText);
  if (request.status === 200 && said) {
    const took = /answer;dur=([\d.]+)/.exec(request.getResponseHeader("Server-Timing") ?? "");
    resolve({ ...said, served: took ? Number(took[1]) : null });
  } else {
    reject(refusal(request.status, said, request.getResponseHeader("Retry-After")));
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function refusal(status, said, retryAfter) {
  const error = said?.error;
  if (status === 401) return { ...error, code: "unauthorized" };
  if (status === 429 || status === 503) {
    return { code: "overloaded", message: "The server is busy.", hint: "", ...error, retryAfter: Math.min(Number(retryAfter) || 2, LONGEST_WAIT), busy: true };
  }
  if (error) return error;
  return status >= 500 ? unreachable() : { code: "unforeseen", message: `The server said ${status}.`, hint: "Try again." };
}

function unreachable(message = "The server cannot be reached.") {
  return { code: "unreachable", message, hint: "I keep trying." };
}
