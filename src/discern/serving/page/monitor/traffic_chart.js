// Traffic: pictures by hour as columns of decisions, and by day as a table.

import { $, el } from "../view/dom.js";
import { patch } from "../view/dom_patch.js";
import { scale, steps, svg } from "./svg.js";
import { countText, DECISIONS, durationText } from "./wording.js";

/** @import { Figures, Hour } from "./data.js" */

const HOUR = 3600;
const DAY = 24 * HOUR;
const HEIGHT = 200;
const MARGIN = { left: 44, right: 8, top: 10, bottom: 24 };
const ORDER = /** @type {const} */ (["accept", "review", "unknown"]);

/** @param {Figures} figures */
export function drawTraffic({ traffic, now }) {
  const width = Math.max(260, $("traffic-chart").clientWidth);
  const oldest = traffic.length ? traffic[0].start : now;
  const hours = Math.min(7 * 24, Math.max(24, Math.ceil((now - oldest) / HOUR) + 1));
  const end = Math.ceil(now / HOUR) * HOUR;
  const begin = end - hours * HOUR;
  patch($("traffic-chart"), [chart(traffic.filter(({ start }) => start >= begin), { width, begin, end, hours })]);
  const total = traffic.reduce((sum, hour) => sum + countHour(hour), 0);
  $("traffic-chart").setAttribute("aria-label", `Pictures by hour: ${countText(total)} in ${hours > 48 ? `${Math.round(hours / 24)} days` : `${hours} hours`}`);
  patch($("traffic-legend"), legend());
  patch($("traffic-rows"), rows(traffic));
}

/** Draw the legend of the decisions. */
export function legend() {
  return ORDER.map((decision) => el("li", {}, el("span", { class: `swatch ${decision}`, "aria-hidden": "true" }), DECISIONS[decision]));
}

/** @param {Hour} hour */
const countHour = ({ accept, review, unknown }) => accept + review + unknown;

/**
 * @param {Hour[]} traffic
 * @param {{ width: number, begin: number, end: number, hours: number }} frame
 */
function chart(traffic, { width, begin, end, hours }) {
  const most = Math.max(1, ...traffic.map(countHour));
  const ticks = steps(most);
  const x = scale([begin, end], [MARGIN.left, width - MARGIN.right]);
  const y = scale([0, ticks[ticks.length - 1]], [HEIGHT - MARGIN.bottom, MARGIN.top]);
  const bar = Math.max(1, (width - MARGIN.left - MARGIN.right) / hours - 1);
  const columns = traffic.flatMap((hour) => column(hour, { x, y, bar }));
  const root = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, "aria-hidden": "true" });
  root.append(...gridLines(ticks, y, width), ...dayTicks(begin, end, x, width), ...columns);
  return root;
}

/**
 * @param {Hour} hour
 * @param {{ x: (time: number) => number, y: (value: number) => number, bar: number }} scales
 */
function column(hour, { x, y, bar }) {
  let base = 0;
  return ORDER.filter((decision) => hour[decision]).map((decision) => {
    const top = base + hour[decision];
    const part = svg("rect", { class: `bar ${decision}`, x: x(hour.start), y: y(top), width: bar, height: Math.max(0.5, y(base) - y(top)) });
    base = top;
    return part;
  });
}

/** @param {number[]} ticks @param {(value: number) => number} y @param {number} width */
export function gridLines(ticks, y, width, text = countText) {
  return ticks.flatMap((tick) => [
    svg("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y(tick), y2: y(tick) }),
    svg("text", { class: "tick", x: MARGIN.left - 6, y: y(tick) + 4, "text-anchor": "end" }, text(tick)),
  ]);
}

/**
 * Draw the ticks of a time axis: days, or hours where it is short.
 *
 * @param {number} begin
 * @param {number} end
 * @param {(time: number) => number} x
 * @param {number} width
 */
export function dayTicks(begin, end, x, width, height = HEIGHT) {
  const long = end - begin > 1.6 * DAY;
  const room = Math.max(1, Math.floor(width / 70));
  const step = long ? DAY * Math.ceil((end - begin) / DAY / room) : HOUR * Math.max(1, Math.ceil((end - begin) / HOUR / room));
  const first = new Date(1000 * begin);
  if (long) first.setHours(24, 0, 0, 0);
  else first.setMinutes(60, 0, 0);
  const ticks = [];
  for (let time = first.getTime() / 1000; time < end; time += step) {
    const date = new Date(1000 * time);
    const text = long ? date.toLocaleDateString("en-GB", { weekday: "short", day: "numeric" }) : date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    if (x(time) > width - 30) break;
    ticks.push(svg("line", { class: "grid", x1: x(time), x2: x(time), y1: MARGIN.top, y2: height - MARGIN.bottom }));
    ticks.push(svg("text", { class: "tick", x: x(time), y: height - 6, "text-anchor": "middle" }, text));
  }
  return ticks;
}

/** @param {Hour[]} traffic */
function rows(traffic) {
  /** @type {Map<string, Hour>} */
  const days = new Map();
  for (const hour of traffic) {
    const day = new Date(1000 * hour.start).toLocaleDateString("en-GB", { weekday: "short", day: "numeric", month: "short" });
    const sum = days.get(day) ?? { start: hour.start, accept: 0, review: 0, unknown: 0, seconds: 0 };
    for (const name of /** @type {const} */ ([...ORDER, "seconds"])) sum[name] += hour[name];
    days.set(day, sum);
  }
  return [...days].reverse().map(([day, sum]) => {
    const total = countHour(sum);
    const cells = [countText(total), ...ORDER.map((decision) => countText(sum[decision])), durationText(sum.seconds / total)];
    return el("tr", {}, el("th", { scope: "row" }, day), ...cells.map((text) => el("td", { class: "number" }, text)));
  });
}
