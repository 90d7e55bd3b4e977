// Keys of the classes in the audit: digits first, then letters.

const KEYS = [..."123456789abcdefghijklmnopqrstuvwxyz"];

/**
 * Give each shown class a key, as far as there are keys.
 *
 * @param {{ label: string, name: string }[]} labels
 * @returns {{ label: string, name: string, key: string }[]}
 */
export const withKeys = (labels) => labels.map((each, index) => ({ ...each, key: KEYS[index] ?? "" }));

/** Number of classes that have a key of their own. */
export const MAX_KEYED = KEYS.length;

/**
 * Find classes by a part of their name, those that begin with it first.
 *
 * @param {{ label: string, name: string }[]} labels
 * @param {string} text
 */
export function filterLabels(labels, text) {
  const asked = text.trim().toLowerCase();
  const at = (/** @type {{ label: string, name: string }} */ { label, name }) => {
    const places = [name, label].map((each) => each.toLowerCase().indexOf(asked)).filter((place) => place >= 0);
    return places.length ? Math.min(...places) : -1;
  };
  const found = labels.filter((each) => at(each) >= 0);
  return asked ? found.sort((a, b) => Number(at(a) > 0) - Number(at(b) > 0)) : found;
}
