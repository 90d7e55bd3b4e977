// Predictions from a server over HTTP.

import { ApiError, cancelled, unreachable } from "./api_error.js";

/** @import { Api, Config, Correction, ModelInfo, Prediction, PredictOptions } from "./types.js" */

const KEY = "discern.key";
const INFO_TIMEOUT = 15_000;
const PREDICT_TIMEOUT = 90_000;
// In seconds: a timer that is set for much longer than a day fires at once.
const MAX_RETRY_AFTER = 3600;

/** @param {Config} config @returns {Api} */
export function openServerApi(config) {
  const base = config.url ? `${config.url.replace(/\/+$/, "")}/` : new URL("../../", import.meta.url).href;
  return {
    kind: config.kind,
    limits: config.limits ?? {},
    setKey: (key) => sessionStorage.setItem(KEY, key),
    modelInfo: ({ model } = {}) => fetchModelInfo(buildUrl(base, "model", { model })),
    predict: (blob, { evidence = false, model, signal, onProgress } = {}) =>
      upload(buildUrl(base, "predict", { model, evidence: evidence ? "1" : undefined }), blob, { signal, onProgress }),
    correct: (id, correction) => sendCorrection(buildUrl(base, "feedback", {}), id, correction),
  };
}

/** @param {string} base @param {string} path @param {Record<string, string | undefined>} query */
function buildUrl(base, path, query) {
  const url = new URL(path, base);
  for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
  return url;
}

/** @param {URL} url @returns {Promise<ModelInfo>} */
const fetchModelInfo = (url) => fetchJson(url, { headers: authHeaders() });

/** @param {URL} url @param {string} id @param {Correction} correction */
function sendCorrection(url, id, { label, isNew }) {
  const body = JSON.stringify({ id, label, source: "page", ...(isNew ? { new: true } : {}) });
  return fetchJson(url, { method: "POST", body, headers: { "Content-Type": "application/json", ...authHeaders() } });
}

/** @param {URL} url @param {RequestInit} options @returns {Promise<any>} */
async function fetchJson(url, options) {
  let response;
  try {
    response = await fetch(url, { ...options, signal: AbortSignal.timeout(INFO_TIMEOUT) });
  } catch {
    throw unreachable();
  }
  const body = await response.json().catch(() => null);
  if (!response.ok || !body) throw responseError(response.status, body, response.headers.get("Retry-After"));
  return body;
}

/** @returns {Record<string, string>} */
function authHeaders() {
  const key = sessionStorage.getItem(KEY);
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/**
 * Post a picture. `fetch` reports no upload progress, which people on a slow network need to see.
 *
 * @param {URL} url
 * @param {Blob} blob
 * @param {PredictOptions} options
 * @returns {Promise<Prediction>}
 */
function upload(url, blob, { signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open("POST", url);
    request.timeout = PREDICT_TIMEOUT;
    request.setRequestHeader("Content-Type", blob.type.startsWith("image/") ? blob.type : "application/octet-stream");
    for (const [name, value] of Object.entries(authHeaders())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress?.(event.lengthComputable ? event.loaded / event.total : 0);
    request.upload.onload = () => onProgress?.(1);
    request.onerror = () => reject(unreachable());
    request.ontimeout = () => reject(unreachable(`The server did not answer within ${PREDICT_TIMEOUT / 1000} seconds.`));
    request.onabort = () => reject(cancelled());
    request.onload = () => settle(request, resolve, reject);
    request.onloadend = () => signal?.removeEventListener("abort", abort);
    if (signal?.aborted) {
      reject(cancelled());
      return;
    }
    signal?.addEventListener("abort", abort);
    request.send(blob);
  });
}

/**
 * @param {XMLHttpRequest} request
 * @param {(prediction: Prediction) => void} resolve
 * @param {(error: ApiError) => void} reject
 */
function settle(request, resolve, reject) {
  const body = parseJson(request.responseText);
  if (request.status === 200 && body) {
    const timing = /answer;dur=([\d.]+)/.exec(request.getResponseHeader("Server-Timing") ?? "");
    resolve({ ...body, modelTime: timing ? Number(timing[1]) : null });
  } else {
    reject(responseError(request.status, body, request.getResponseHeader("Retry-After")));
  }
}

/** @param {string} text */
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * @param {number} status
 * @param {{ error?: { code: string, message: string, hint: string } } | null} body
 * @param {string | null} retryAfter
 */
function responseError(status, body, retryAfter) {
  const error = body?.error;
  if (status === 401) return new ApiError("unauthorized", error?.message ?? "This server requires an API key.", error?.hint);
  if (status === 429 || status === 503) {
    const seconds = Math.min(Number(retryAfter) || 2, MAX_RETRY_AFTER);
    const { code, message, hint } = error ?? { code: "overloaded", message: "The server is busy.", hint: "" };
    return new ApiError(code, message, hint, { retryAfter: seconds, busy: true });
  }
  if (error) return new ApiError(error.code, error.message, error.hint);
  if (status >= 500) return unreachable();
  return new ApiError("unforeseen", `The server answered with status ${status}.`, "Try again.");
}
