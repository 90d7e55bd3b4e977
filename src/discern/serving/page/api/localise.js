// Where in a picture its answer is seen, as discern.serving computes it.

import { resample } from "../decode/resample.js";

/** @import { Place } from "./types.js" */
/** @import { Recipe } from "../decode/resample.js" */

// As in discern.serving, where the source of these values is given.
const SPREAD_LIMIT = 0.24;
const SMALLEST_OVERLAP = 1e-6;
const [LEFT, RIGHT] = [0.4, 0.6];
const COLOUR = [255, 120, 0];
const SIDE = 96;

/**
 * Turn one label's evidence into a map and a place.
 *
 * @param {Float32Array} evidence each cell's contribution to the label's logit, row by row.
 * @param {number} columns number of cells per row.
 * @param {Recipe} recipe preprocessing from the picture to the graph's input.
 * @param {number[]} size the upright picture's width and height, in pixels.
 * @returns {{ map: Float32Array, box: number[], place: Place | null }} `map` in 0 to 1, where the strongest cell is 1 and
 *     padding is 0; `box` as left, top, right and bottom of the map in shares of the picture's width and height; `place`
 *     is null where the evidence is not concentrated.
 */
export function localise(evidence, columns, recipe, size) {
  const box = mapBox(recipe, size[0], size[1]);
  const isInside = insidePicture(box, columns, evidence.length / columns);
  const baseline = median(evidence.filter((_, cell) => isInside(cell)));
  const strength = Float32Array.from(evidence, (value, cell) => (isInside(cell) ? Math.max(value - baseline, 0) : 0));
  const most = strength.reduce((one, other) => Math.max(one, other), 0);
  if (most <= 0) return { map: strength.fill(0), box, place: null };
  const sum = strength.reduce((one, other) => one + other, 0);
  const shares = Array.from(strength, (value) => value / sum);
  return { map: strength.map((value) => value / most), box, place: horizontalPlace(shares, columns, box) };
}

/** @param {Float32Array} values */
function median(values) {
  const sorted = Float32Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : Math.fround((sorted[half - 1] + sorted[half]) / 2);
}

/** @param {Recipe} recipe @param {number} width @param {number} height */
function mapBox({ fit, size, resize }, width, height) {
  if (fit === "stretch") return [0, 0, 1, 1];
  const side = ((fit === "crop" ? Math.min : Math.max)(width, height) * size) / resize;
  const [across, down] = [side / width / 2, side / height / 2];
  return [0.5 - across, 0.5 - down, 0.5 + across, 0.5 + down];
}

/**
 * Make a function that tells whether a cell shows some of the picture, and not padding alone.
 *
 * @param {number[]} box
 * @param {number} columns
 * @param {number} rows
 */
function insidePicture([left, top, right, bottom], columns, rows) {
  const across = Array.from({ length: columns }, (_, column) => overlap(left, right, column, columns));
  const down = Array.from({ length: rows }, (_, row) => overlap(top, bottom, row, rows));
  return (/** @type {number} */ cell) => {
    return Math.min(across[cell % columns], down[Math.floor(cell / columns)]) > SMALLEST_OVERLAP;
  };
}

/** Share of the picture that a cell covers. @param {number} start @param {number} end @param {number} cell @param {number} cells */
function overlap(start, end, cell, cells) {
  const step = (end - start) / cells;
  return Math.min(start + (cell + 1) * step, 1) - Math.max(start + cell * step, 0);
}

/** @param {number[]} shares @param {number} columns @param {number[]} box @returns {Place | null} */
function horizontalPlace(shares, columns, box) {
  const x = (/** @type {number} */ cell) => ((cell % columns) + 0.5) / columns;
  const mean = shares.reduce((sum, value, cell) => sum + value * x(cell), 0);
  const variance = shares.reduce((sum, value, cell) => sum + value * (x(cell) - mean) ** 2, 0);
  const width = box[2] - box[0];
  const shown = Math.min(1, box[2]) - Math.max(0, box[0]);
  if (Math.sqrt(variance) * (width / shown) > SPREAD_LIMIT) return null;
  const inPicture = box[0] + mean * width;
  if (inPicture < LEFT) return "left";
  return inPicture > RIGHT ? "right" : "centre";
}

/**
 * Draw the map as a PNG's data URL whose opacity is the strength, to be laid over the picture.
 *
 * @param {Float32Array} map
 * @param {number} rows
 * @param {number} columns
 */
export async function drawHeatmap(map, rows, columns) {
  const cells = { data: Uint8Array.from(map, (value) => Math.round(value * 200)), width: columns, height: rows, channels: 1 };
  const strength = resample(cells, SIDE, SIDE, { filter: "bicubic" });
  const image = new ImageData(SIDE, SIDE);
  strength.data.forEach((alpha, index) => image.data.set([...COLOUR, alpha], 4 * index));
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return toDataUrl(await canvas.convertToBlob({ type: "image/png" }));
}

/** @param {Blob} blob */
async function toDataUrl(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return `data:${blob.type};base64,${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))}`;
}
