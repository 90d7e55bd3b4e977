// SVG elements, and scales of charts.

const NAMESPACE = "http://www.w3.org/2000/svg";

/**
 * Make an SVG element.
 *
 * @param {string} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes = {}, ...children) {
  const element = /** @type {SVGElement} */ (document.createElementNS(NAMESPACE, tag));
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/**
 * Map values linearly to pixels.
 *
 * @param {[number, number]} domain
 * @param {[number, number]} range
 */
export function scale([from, to], [start, end]) {
  const factor = to > from ? (end - start) / (to - from) : 0;
  return (/** @type {number} */ value) => Math.round(10 * (start + factor * (value - from))) / 10;
}

/** Choose round steps for an axis. @param {number} most @param {number} [count] */
export function steps(most, count = 4) {
  if (!(most > 0)) return [0, 1];
  const raw = most / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = Math.max(1, (([1, 2, 5, 10].find((each) => each * power >= raw) ?? 10) * power));
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, index) => index * step);
}

/** Marks of the decisions, which differ in shape as well as in colour, around the origin. @type {Record<string, string>} */
const MARKS = {
  accept: "M-3.4 0a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0-6.8 0z",
  review: "M0-4.4L4.2 3.2H-4.2z",
  unknown: "M-3.4-3.4H3.4V3.4H-3.4z",
};

/** Draw the mark of a decision. @param {string} decision @param {number} x @param {number} y @param {Record<string, string | number>} [more] */
export function mark(decision, x, y, more = {}) {
  return svg("path", { class: `mark ${decision}`, d: MARKS[decision] ?? MARKS.accept, transform: `translate(${x} ${y})`, ...more });
}
