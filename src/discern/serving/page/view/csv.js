// CSV that is safe to open in a spreadsheet.

// The rule of `catalog/spreadsheet.py`.
const BLANK = String.raw`[\x00-\x20\x7f-\xa0\u00ad\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]`;
const SIGN = String.raw`[=+\-@\uff1d\uff0b\uff0d\uff20]`;
const FORMULA = new RegExp(String.raw`^(?:\./)*(?:[\t\n\r]|${BLANK}*${SIGN})`);

/**
 * Format a cell: numbers as they are; text never begins with what a spreadsheet takes for a formula.
 *
 * @param {unknown} value
 */
export function formatCell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  const text = String(value);
  const safe = FORMULA.test(text) ? `./${text}` : text;
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * Format a table, with the byte order mark that tells spreadsheets that this is UTF-8.
 *
 * @param {string[]} header
 * @param {unknown[][]} rows
 */
export function formatCsv(header, rows) {
  return `\ufeff${[header, ...rows].map((row) => row.map(formatCell).join(",")).join("\r\n")}\r\n`;
}
