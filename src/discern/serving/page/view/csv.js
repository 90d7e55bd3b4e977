// CSV that is safe to open in a spreadsheet.

/**
 * Format a cell: numbers as they are; text never begins with what a spreadsheet takes for a formula.
 *
 * @param {unknown} value
 */
export function formatCell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  const text = String(value);
  const safe = /^\s*[=+\-@\t\r]/.test(text) ? `'${text}` : text;
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
