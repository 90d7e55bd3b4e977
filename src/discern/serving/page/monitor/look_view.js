// The newest look: alarms with examples, evidence by signal, clusters, and classes.

import { $, el } from "../view/dom.js";
import { patch } from "../view/dom_patch.js";
import { scale, svg } from "./svg.js";
import { thumbnail } from "./thumbnails.js";
import { alarmText, countText, oddsText, seconds, shareText, signalName, sinceText, valueText } from "./wording.js";

/** @import { Alarm, Figures, Look, PublishedLook, Signal } from "./data.js" */

const MAX_EXAMPLES = 8;
const MAX_CLASSES = 12;
const SPARK = { width: 140, height: 32 };
// Odds of a thousand to one fill the bar: more is no more of a reason to look.
const MAX_ODDS = 1000;

/** @param {Figures} figures */
export function drawLook({ look, now, model }) {
  const found = look?.look ?? null;
  drawAlarms(found, now, new Map(model.labels.map(({ label, name }) => [label, name])));
  drawClusters(found);
  drawSignals(look, found);
  patch($("look-notes"), (found?.notes ?? []).map((note) => el("li", {}, note)));
  $("look-notes").hidden = !found?.notes.length;
  document.title = `${found?.alarms.length ? `(${found.alarms.length}) ` : ""}${model.name} · Monitor · Discern`;
}

/** @param {Look | null} look @param {number} now @param {Map<string, string>} names */
function drawAlarms(look, now, names) {
  const alarms = look?.alarms ?? [];
  $("alarms").hidden = !alarms.length;
  patch($("alarm-list"), alarms.map((alarm) => {
    const since = `Since ${sinceText(seconds(alarm.since), now)} · evidence ${oddsText(number(alarm.evidence.against))}`;
    return el("li", { class: "card alarm" }, el("h3", {}, alarmText(alarm, look?.signals ?? [])), el("p", { class: "aside" }, since), examples(alarm.examples, `Example of “${signalName(alarm.kind)}”`, nearestLabels(alarm, names)));
  }));
}

/** @param {Look | null} look */
function drawClusters(look) {
  const clusters = look?.clusters ?? [];
  $("clusters").hidden = !clusters.length;
  patch($("cluster-list"), clusters.map(({ ids, message }, index) => el("li", { class: "card" }, el("h3", {}, message), examples(ids, `Picture of group ${index + 1}`))));
}

/**
 * Class of the training picture that is nearest to each example of the two-sample classifier.
 *
 * @param {Alarm} alarm
 * @param {Map<string, string>} names
 * @returns {Map<string, string>}
 */
function nearestLabels({ evidence }, names) {
  /** @type {{ id?: string, pictures?: { label: string }[] }[]} */
  const nearest = Array.isArray(evidence.nearest) ? evidence.nearest : [];
  return new Map(nearest.flatMap(({ id, pictures }) => {
    const label = pictures?.[0]?.label;
    return id && label !== undefined ? [[id, names.get(label) ?? label]] : [];
  }));
}

/** @param {string[]} ids @param {string} name @param {Map<string, string>} [nearest] */
function examples(ids, name, nearest) {
  const most = Math.min(ids.length, MAX_EXAMPLES);
  const shown = ids.slice(0, most).map((id, index) => {
    const label = nearest?.get(id);
    const caption = label === undefined ? null : el("span", { class: "nearest" }, `nearest: ${label}`);
    return el("li", {}, thumbnail(id, `${name}, ${index + 1} of ${most}`), caption);
  });
  return shown.length ? el("ul", { class: "thumbs" }, ...shown) : null;
}

/** @param {PublishedLook | null} published @param {Look | null} look */
function drawSignals(published, look) {
  const signals = look?.signals ?? [];
  $("signals").hidden = !signals.length;
  $("drift-note").textContent = signals.length
    ? "Evidence counts as an alarm only where it holds however often somebody looks; without a change it rarely grows."
    : "Nothing to compare with yet.";
  patch($("signal-rows"), signals.map((signal) => signalRow(signal, published, look)));
}

/** @param {Signal} signal @param {PublishedLook | null} published @param {Look | null} look */
function signalRow(signal, published, look) {
  const isAlarm = look?.alarms.some(({ kind }) => kind === signal.name);
  const level = evidenceLevel(signal.against);
  const meter = el("span", { class: `rail meter${isAlarm ? " alarm" : ""}`, "aria-hidden": "true" }, el("span", { class: "fill" }));
  meter.querySelector("span")?.style.setProperty("--share", level.toFixed(3));
  const words = el("span", {}, oddsText(signal.against), isAlarm ? el("strong", { class: "alarm-text" }, " alarm") : null);
  return el(
    "tr", {}, el("th", { scope: "row" }, signalName(signal.name)), el("td", { class: "evidence" }, meter, words),
    el("td", { class: "number" }, valueText(signal.median)), el("td", { class: "number" }, valueText(signal.reference)),
    el("td", { class: "extra" }, spark(published?.history.map(({ against }) => against[signal.name] ?? null) ?? [], isAlarm)),
  );
}

/** @param {number | null} against */
const evidenceLevel = (against) => Math.max(0, Math.min(1, Math.log(Math.max(1, against ?? 1)) / Math.log(MAX_ODDS)));

/** Draw evidence over the looks, for people who see it; the table says the same. @param {(number | null)[]} odds @param {boolean | undefined} isAlarm */
function spark(odds, isAlarm) {
  const x = scale([0, Math.max(1, odds.length - 1)], [2, SPARK.width - 2]);
  const y = scale([0, 1], [SPARK.height - 3, 3]);
  const path = odds.map((each, index) => `${index ? "L" : "M"}${x(index)} ${y(evidenceLevel(each))}`).join("");
  const root = svg("svg", { class: `spark${isAlarm ? " alarm" : ""}`, viewBox: `0 0 ${SPARK.width} ${SPARK.height}`, width: SPARK.width, height: SPARK.height, "aria-hidden": "true" });
  root.append(svg("line", { class: "grid", x1: 0, x2: SPARK.width, y1: SPARK.height - 3, y2: SPARK.height - 3 }), svg("path", { d: path || "M0 0" }));
  return root;
}

/**
 * Draw the classes now and in training, the most frequent first.
 *
 * @param {Figures} figures
 * @param {boolean} all
 */
export function drawClasses({ look, classes, model }, all) {
  const names = new Map(model.labels.map(({ label, name }) => [label, name]));
  const total = Object.values(classes).reduce((sum, each) => sum + each, 0);
  const counted = Object.entries(classes).map(([label, exchanges]) => ({ label, exchanges, share: exchanges / total, trained: null }));
  const rows = [...(look?.look?.classes.length ? look.look.classes : counted)].sort((a, b) => b.share - a.share);
  const most = Math.max(...rows.map((row) => Math.max(row.share, row.trained ?? 0)), 1e-9);
  $("all-classes").hidden = all || rows.length <= MAX_CLASSES;
  $("all-classes").textContent = `Show all ${countText(rows.length)} classes`;
  patch($("class-rows"), rows.slice(0, all ? undefined : MAX_CLASSES).map((row) => {
    const bars = el("span", { class: "twin", "aria-hidden": "true" }, el("span", { class: "fill" }), el("span", { class: "fill trained" }));
    const [now, trained] = bars.querySelectorAll("span");
    now.style.setProperty("--share", (row.share / most).toFixed(3));
    trained.style.setProperty("--share", ((row.trained ?? 0) / most).toFixed(3));
    return el("tr", {}, el("th", { scope: "row" }, names.get(row.label) ?? row.label), el("td", {}, bars),
      el("td", { class: "number" }, shareText(row.share)), el("td", { class: "number" }, shareText(row.trained)), el("td", { class: "number extra" }, countText(row.exchanges)));
  }));
}

/** @param {unknown} value */
const number = (value) => (typeof value === "number" ? value : null);
