// The data of the monitor and the audit: its types, and the requests that fetch and change it.

import { ApiError, unreachable } from "../api/api_error.js";

/** @import { Decision } from "../api/types.js" */

/**
 * @typedef {object} Alarm
 * @property {string} kind
 * @property {string} since
 * @property {Record<string, unknown>} evidence
 * @property {string[]} examples
 * @property {string} message
 *
 * @typedef {{ value: number, low: number, high: number, audited: number }} LiveAccuracy
 * @typedef {{ asked: number, broken: boolean, evidence: Record<string, unknown> }} PromiseTest
 * @typedef {{ size: number, ids: string[], message: string }} Cluster
 * @typedef {{ label: string, exchanges: number, share: number, trained: number | null }} ClassShare
 * @typedef {{ name: string, against: number | null, median: number | null, reference: number | null, threshold?: number }} Signal
 *
 * @typedef {object} Look
 * @property {number} exchanges
 * @property {string | null} first
 * @property {string | null} last
 * @property {Alarm[]} alarms
 * @property {LiveAccuracy | null} accuracy
 * @property {{ value?: number, reference?: number } | null} estimated
 * @property {PromiseTest | null} promise
 * @property {Cluster[]} clusters
 * @property {number} waiting
 * @property {ClassShare[]} classes
 * @property {Signal[]} signals
 * @property {string[]} notes
 *
 * @typedef {{ time: number, exchanges: number, against: Record<string, number | null>, accuracy: LiveAccuracy | null }} Earlier
 * @typedef {{ taken: number, succeeded: number, seconds: number, look: Look | null, error: string, history: Earlier[] }} PublishedLook
 *
 * @typedef {object} Points columns of exchanges, the oldest first.
 * @property {number[]} number
 * @property {number[]} time
 * @property {string[]} id
 * @property {string[]} label
 * @property {Decision[]} decision
 * @property {(string | null)[]} truth
 * @property {(number | null)[]} confidence
 * @property {(number | null)[]} unknown_score
 * @property {(number | null)[]} seconds
 *
 * @typedef {object} Model
 * @property {string} name
 * @property {string} version
 * @property {string} fingerprint
 * @property {string[]} models
 * @property {{ label: string, name: string }[]} labels
 * @property {{ unknown: number | null, accept: number | null }} thresholds
 * @property {string | null} sentence
 *
 * @typedef {{ start: number, accept: number, review: number, unknown: number, seconds: number }} Hour
 *
 * @typedef {object} Figures the JSON object of `GET /monitor.json`.
 * @property {number} now
 * @property {Model} model
 * @property {number} exchanges
 * @property {number} lost
 * @property {Hour[]} traffic
 * @property {Record<string, number>} classes
 * @property {Points} points
 * @property {PublishedLook | null} look
 *
 * @typedef {object} Exchange the JSON object of `GET /monitor/exchanges/ID`.
 * @property {string} id
 * @property {number} time
 * @property {string} door
 * @property {string | null} client_id
 * @property {[number, number]} size
 * @property {number | null} seconds
 * @property {boolean} has_picture
 * @property {string} label
 * @property {Decision} decision
 * @property {number | null} confidence
 * @property {number | null} unknown_score
 * @property {[string, number | null][]} probabilities
 * @property {string | null} truth
 * @property {boolean} is_new
 *
 * @typedef {object} Queue the JSON object of `GET /audit.json`.
 * @property {Model} model
 * @property {number} waiting
 * @property {{ id: string, time: number }[]} items
 * @property {LiveAccuracy | null} accuracy
 * @property {PromiseTest | null} promise
 * @property {number | null} taken
 */

const KEY = "discern.key";
const TIMEOUT = 20_000;
const BASE = new URL("../../", import.meta.url);

/** @param {string} key */
export const setKey = (key) => sessionStorage.setItem(KEY, key);

/** @returns {Record<string, string>} */
function authHeaders() {
  const key = sessionStorage.getItem(KEY);
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/**
 * Fetch JSON.
 *
 * @param {string} path relative to the server.
 * @param {Record<string, string | number | undefined>} [query]
 * @returns {Promise<any>}
 */
export async function fetchJson(path, query = {}) {
  return (await request(path, query)).json();
}

/** Fetch a picture, or a smaller copy of it. @param {string} id @param {number} [side] @returns {Promise<Blob>} */
export async function fetchPicture(id, side) {
  return (await request(`monitor/pictures/${id}`, { side })).blob();
}

/** Tell the true label of an exchange. @param {{ id: string, label: string, new?: boolean }} feedback */
export async function sendFeedback(feedback) {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ ...feedback, source: "audit" });
  return (await request("feedback", {}, { method: "POST", headers, body })).json();
}

/**
 * @param {string} path
 * @param {Record<string, string | number | undefined>} query
 * @param {RequestInit} [options]
 */
async function request(path, query, options = {}) {
  const url = new URL(path, BASE);
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== "") url.searchParams.set(name, String(value));
  let response;
  try {
    const headers = { ...options.headers, ...authHeaders() };
    response = await fetch(url, { ...options, headers, signal: AbortSignal.timeout(TIMEOUT) });
  } catch {
    throw unreachable();
  }
  if (!response.ok) throw await responseError(response);
  return response;
}

/** @param {Response} response */
async function responseError(response) {
  const body = await response.json().catch(() => null);
  const { code, message, hint } = body?.error ?? { code: "unforeseen", message: `The server answered with status ${response.status}.`, hint: "" };
  return new ApiError(response.status === 401 ? "unauthorized" : code, message, hint, { busy: response.status === 503 || response.status === 429 });
}

/** Join the points that the page has and newer ones, and keep the newest. @param {Points | null} old @param {Points} fresh @param {number} most @returns {Points} */
export function joinPoints(old, fresh, most) {
  if (!old) return fresh;
  const names = /** @type {(keyof Points)[]} */ (Object.keys(fresh));
  const joined = names.map((name) => [name, [...old[name], ...fresh[name]].slice(-most)]);
  return Object.fromEntries(joined);
}
