// Texts of the monitor: what has changed, since when, and how sure that is.

/** @import { Alarm, Figures, Look, Signal, PublishedLook } from "./data.js" */

const DAY = 86_400;
const THIN_SPACE = "\u202f";

/** @type {Record<string, string>} */
export const DECISIONS = { accept: "Accepted", review: "To a person", unknown: "Unknown" };

/** @type {Record<string, { name: string, less: string, more: string }>} */
const SIGNALS = {
  unknown: { name: "Unknown score", less: "pictures are more like those of the training", more: "pictures are less like those of the training" },
  confidence: { name: "Confidence", less: "the model is less sure", more: "the model is surer" },
  distance: { name: "Distance from the classes", less: "pictures are closer to the known classes", more: "pictures lie farther from the known classes" },
  brightness: { name: "Brightness", less: "pictures are darker", more: "pictures are brighter" },
  sharpness: { name: "Sharpness", less: "pictures are blurrier", more: "pictures are sharper" },
  size: { name: "Size", less: "pictures are smaller", more: "pictures are larger" },
  pictures: { name: "Pictures as a whole", less: "pictures look different", more: "pictures look different" },
  promise: { name: "Promise", less: "the promise is broken", more: "the promise is broken" },
};

/** @param {string} kind */
export const signalName = (kind) => SIGNALS[kind]?.name ?? kind;

/**
 * Say what changed.
 *
 * @param {Alarm} alarm
 * @param {Signal[]} signals the newest values, for alarms without values of their own.
 */
export function changeText({ kind, evidence }, signals) {
  const { median, reference } = typeof evidence.median === "number" ? evidence : signals.find(({ name }) => name === kind) ?? {};
  const words = SIGNALS[kind] ?? { less: `“${kind}” has changed`, more: `“${kind}” has changed` };
  if (words.less === words.more) return words.more;
  if (typeof median !== "number" || typeof reference !== "number") return `${signalName(kind).toLowerCase()} has changed`;
  return median < reference ? words.less : words.more;
}

/** Describe an alarm in one sentence. @param {Alarm} alarm @param {Signal[]} signals */
export function alarmText(alarm, signals) {
  const { median, reference } = alarm.evidence;
  if (!(alarm.kind in SIGNALS) || alarm.kind === "promise") return alarm.message;
  const text = changeText(alarm, signals);
  const values = typeof median === "number" && typeof reference === "number" ? ` (median ${valueText(median)} instead of ${valueText(reference)})` : "";
  return `${text[0].toUpperCase()}${text.slice(1)}${values}.`;
}

/** Say since when, in words that fit its age. @param {number} time @param {number} now both in seconds since 1970 */
export function sinceText(time, now) {
  const date = new Date(1000 * time);
  const clock = date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  const days = startOfDay(now) - startOfDay(time);
  if (days < 0.5 * DAY) return `${clock} today`;
  if (days < 1.5 * DAY) return `${clock} yesterday`;
  if (days < 6.5 * DAY) return date.toLocaleDateString("en-GB", { weekday: "long" });
  const year = new Date(1000 * now).getFullYear() === date.getFullYear() ? undefined : "numeric";
  return date.toLocaleDateString("en-GB", { day: "numeric", month: "long", year });
}

/** @param {number} time */
const startOfDay = (time) => new Date(1000 * time).setHours(0, 0, 0, 0) / 1000;

/** @param {string} iso */
export const seconds = (iso) => Date.parse(iso) / 1000;

/** Say how old something is. @param {number} age in seconds */
export function ageText(age) {
  if (age < 90) return "a minute ago";
  if (age < 90 * 60) return `${Math.round(age / 60)} minutes ago`;
  if (age < 36 * 3600) return `${Math.round(age / 3600)} hours ago`;
  return `${Math.round(age / DAY)} days ago`;
}

/** Say the odds against "nothing has changed". @param {number | null | undefined} against */
export function oddsText(against) {
  if (typeof against !== "number") return "not measured yet";
  if (against < 2) return "none";
  if (against >= 1e6) return `over a million to one`;
  return `${countText(against < 10 ? Math.round(10 * against) / 10 : Math.round(against))} to one`;
}

/** @param {number} value */
export const countText = (value) => value.toLocaleString("en");

/** Write a share, without overstating it. @param {number | null | undefined} share @param {number} [digits] */
export function shareText(share, digits = 0) {
  if (typeof share !== "number") return "–";
  const shown = (100 * share).toFixed(digits);
  if (Number(shown) === 100 && share < 1) return `over ${(100 - 10 ** -digits).toFixed(digits)}${THIN_SPACE}%`;
  if (Number(shown) === 0 && share > 0) return `under ${(10 ** -digits).toFixed(digits)}${THIN_SPACE}%`;
  return `${shown}${THIN_SPACE}%`;
}

/** @param {number | null | undefined} value */
export function valueText(value) {
  if (typeof value !== "number") return "–";
  return Math.abs(value) >= 100 ? countText(Math.round(value)) : Number(value.toPrecision(3)).toString();
}

/** @param {number | null | undefined} duration in seconds */
export function durationText(duration) {
  if (typeof duration !== "number" || !Number.isFinite(duration)) return "–";
  return duration < 1 ? `${Math.max(1, Math.round(1000 * duration))}${THIN_SPACE}ms` : `${duration.toFixed(1)}${THIN_SPACE}s`;
}

/**
 * Sum the state up: one large sentence, and a note.
 *
 * @param {Figures} figures
 * @returns {{ state: "quiet" | "changed" | "waiting", headline: string, note: string }}
 */
export function summary({ exchanges, lost, look, now }) {
  const problems = [
    lost ? `${countText(lost)} ${lost === 1 ? "exchange" : "exchanges"} could not be kept.` : "",
    look?.error ? `The newest look failed: ${look.error}` : "",
  ];
  const found = look?.look;
  if (!found) {
    const headline = exchanges ? "Captured, and not looked at yet." : "Nothing has been captured yet.";
    const note = exchanges ? "The first look follows within minutes." : "Pictures that are classified from now on appear here.";
    return { state: "waiting", headline, note: [look?.error ? "" : note, ...problems].filter(Boolean).join(" ") };
  }
  if (found.alarms.length) return { state: "changed", headline: changedText(found, now), note: [alarmNote(found), ...problems].filter(Boolean).join(" ") };
  const seen = `${countText(found.exchanges)} pictures looked at, and no sign of a change.`;
  return { state: "quiet", headline: "All quiet.", note: [found.exchanges ? seen : "No picture was looked at yet.", ...problems].filter(Boolean).join(" ") };
}

/** @param {Look} look @param {number} now */
function changedText({ alarms, signals }, now) {
  const first = Math.min(...alarms.map(({ since }) => seconds(since)).filter(Number.isFinite));
  const what = [...new Set(alarms.map((alarm) => changeText(alarm, signals)))].slice(0, 2).join(", and ");
  const since = Number.isFinite(first) ? ` since ${sinceText(first, now)}` : "";
  return `Something changed${since}: ${what}.`;
}

/** @param {Look} look */
function alarmNote({ alarms }) {
  return alarms.length === 1 ? "One alarm: see below for pictures that show it." : `${alarms.length} alarms: see below for pictures that show them.`;
}

/** Say when the figures and the look are from. @param {number} now @param {PublishedLook | null} look */
export function updatedText(now, look) {
  const clock = new Date(1000 * now).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  const looked = look?.succeeded ? ` Newest look ${ageText(now - look.succeeded)}.` : "";
  return `Figures of ${clock}.${looked}`;
}
