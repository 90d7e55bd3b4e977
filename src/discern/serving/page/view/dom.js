// Elements without markup in strings, so that a file name or a label can never become code; and stored settings.

/**
 * @typedef {object} TypedElements the elements that need more than `HTMLElement`.
 * @property {HTMLInputElement} files
 * @property {HTMLInputElement} capture-file
 * @property {HTMLSelectElement} model
 * @property {HTMLSelectElement} device
 * @property {HTMLSelectElement} facing
 * @property {HTMLSelectElement} live-voice
 * @property {HTMLVideoElement} video
 * @property {HTMLButtonElement} speak
 * @property {HTMLButtonElement} speech-open
 * @property {HTMLProgressElement} batch-progress
 * @property {HTMLProgressElement | null} loading
 * @property {HTMLElement | null} loading-status
 * @property {HTMLSelectElement} language
 * @property {HTMLSelectElement} voice
 * @property {HTMLInputElement} rate
 * @property {HTMLInputElement} key
 * @property {HTMLDialogElement} key-dialog
 * @property {HTMLDialogElement} speech-dialog
 * @property {HTMLDialogElement} about-dialog
 * @property {HTMLDialogElement} picture-dialog
 * @property {HTMLInputElement} filter
 * @property {HTMLInputElement} other
 * @property {HTMLDialogElement} correction-dialog
 * @property {HTMLFormElement} correction-form
 * @property {HTMLInputElement} correction-text
 */

/**
 * Get an element by its id.
 *
 * @template {string} Id
 * @param {Id} id
 * @returns {Id extends keyof TypedElements ? TypedElements[Id] : HTMLElement}
 */
export const $ = (id) => /** @type {any} */ (document.getElementById(id));

/**
 * Make an element. `props` are properties; `class` and names with a dash are attributes. Empty children are left out.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} [props]
 * @param {(Node | string | null | undefined | false)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = String(value);
    else if (name.includes("-") || name === "role" || name === "scope") element.setAttribute(name, String(value));
    else Object.assign(element, { [name]: value });
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/** @type {Record<string, string[]>} */
const SHAPES = {
  accept: ["M12 2.5a9.5 9.5 0 1 0 0 19 9.5 9.5 0 0 0 0-19z", "M7.6 12.4l3 3 5.8-6.3"],
  review: ["M12 3.2L2.6 20h18.8z", "M12 9.6v4.6", "M12 17v.2"],
  unknown: ["M12 2.5a9.5 9.5 0 1 0 0 19 9.5 9.5 0 0 0 0-19z", "M9.3 9.4a2.8 2.8 0 1 1 4 2.6c-.9.4-1.3 1-1.3 2", "M12 16.8v.2"],
  failed: ["M5 5l14 14", "M19 5L5 19"],
  waiting: ["M12 2.5a9.5 9.5 0 1 0 0 19 9.5 9.5 0 0 0 0-19z", "M12 7v5.4l3.4 2"],
};

/** Draw the icon of a decision or a state; it always stands beside the text. @param {string} name */
export function icon(name) {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  const attributes = { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  for (const shape of SHAPES[name] ?? SHAPES.waiting) {
    const path = document.createElementNS(namespace, "path");
    path.setAttribute("d", shape);
    svg.append(path);
  }
  return svg;
}

/**
 * Load a setting, if the browser has kept it.
 *
 * @template Value
 * @param {string} name
 * @param {Value} fallback
 * @returns {Value}
 */
export function loadSetting(name, fallback) {
  try {
    return JSON.parse(localStorage.getItem(`discern.${name}`) ?? "null") ?? fallback;
  } catch {
    return fallback;
  }
}

/** Save a setting; `undefined` removes it. @param {string} name @param {unknown} value */
export function saveSetting(name, value) {
  try {
    if (value === undefined) localStorage.removeItem(`discern.${name}`);
    else localStorage.setItem(`discern.${name}`, JSON.stringify(value));
  } catch {
    // Where the browser stores nothing, only the setting is lost.
  }
}
