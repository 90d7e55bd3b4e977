// Where in a picture its answer is seen: as discern.serving.evidence tells it.

import { resample } from "../decode/resample.js";

const EVERYWHERE = 0.24;
const [LEFT, RIGHT] = [0.4, 0.6];
const HEAT = [255, 120, 0];
const SHOWN = 96;

/**
 * Turn one label's evidence into a map and a place.
 *
 * @param evidence what each place adds to the label's logit, row by row.
 * @param columns how many places a row of the evidence has.
 * @param recipe how the picture became the graph's input.
 * @param size the upright picture's width and height, in pixels.
 * @returns map (0 to 1, the strongest place is 1), box (left, top, right, bottom of the map as shares of the picture's
 *     width and height) and place ("left", "centre", "right", or null where nothing is concentrated).
 */
export function see(evidence, columns, recipe, size) {
  const box = shown(recipe, ...size);
  const ground = middleOf(evidence);
  const strength = Float32Array.from(evidence, (value) => Math.max(value - ground, 0));
  const most = strength.reduce((one, other) => Math.max(one, other), 0);
  if (most <= 0) return { map: strength.fill(0), box, place: null };
  const sum = strength.reduce((one, other) => one + other, 0);
  const share = Array.from(strength, (value) => value / sum);
  return { map: strength.map((value) => value / most), box, place: locate(share, columns, box) };
}

function middleOf(values) {
  const sorted = Float32Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : Math.fround((sorted[half - 1] + sorted[half]) / 2);
}

function shown({ fit, size, resize }, width, height) {
  if (fit === "stretch") return [0, 0, 1, 1];
  const side = ((fit === "crop" ? Math.min : Math.max)(width, height) * size) / resize;
  const [across, down] = [side / width / 2, side / height / 2];
  return [0.5 - across, 0.5 - down, 0.5 + across, 0.5 + down];
}

function locate(share, columns, box) {
  const across = (place) => ((place % columns) + 0.5) / columns;
  const middle = share.reduce((sum, value, place) => sum + value * across(place), 0);
  const variance = share.reduce((sum, value, place) => sum + value * (across(place) - middle) ** 2, 0);
  if (Math.sqrt(variance) > EVERYWHERE) return null;
  const inPicture = box[0] + middle * (box[2] - box[0]);
  if (inPicture < LEFT) return "left";
  return inPicture > RIGHT ? "right" : "centre";
}

/** The map as a PNG's data URL whose opacity is its strength, to be laid over the picture. */
export async function draw(map, rows, columns) {
  const bytes = { data: Uint8Array.from(map, (value) => Math.round(value * 200)), width: columns, height: rows };
  const strength = resample({ ...bytes, channels: 1 }, SHOWN, SHOWN, { filter: "bicubic" });
  const heat = new ImageData(SHOWN, SHOWN);
  strength.data.forEach((alpha, place) => heat.data.set([...HEAT, alpha], 4 * place));
  const canvas = new OffscreenCanvas(SHOWN, SHOWN);
  canvas.getContext("2d").putImageData(heat, 0, 0);
  return dataUrl(await canvas.convertToBlob({ type: "image/png" }));
}

async function dataUrl(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return `data:${blob.type};base64,${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))}`;
}
