// Where in a picture its answer is seen: as discern.serving.evidence tells it.

import { resample } from "./resample.js";

const CONCENTRATED = 0.35;
const SIDE = 1 / 3;
const HEAT = [255, 120, 0];
const SHOWN = 96;

/**
 * Turn one label's evidence into a map and a place.
 *
 * @param evidence what each place adds to the label's logit, row by row.
 * @param rows, columns of the evidence.
 * @param recipe how the picture became the graph's input.
 * @param size the upright picture's width and height, in pixels.
 * @returns map (0 to 1, the strongest place is 1), box (left, top, right, bottom of the map as shares of the picture's
 *     width and height) and place ("left", "centre", "right", or null where nothing is concentrated).
 */
export function see(evidence, rows, columns, recipe, size) {
  const box = shown(recipe, ...size);
  const ground = middleOf(evidence);
  const strength = Float32Array.from(evidence, (value) => Math.max(value - ground, 0));
  const most = strength.reduce((one, other) => Math.max(one, other), 0);
  if (most <= 0) return { map: strength.fill(0), box, place: null };
  const sum = strength.reduce((one, other) => one + other, 0);
  const share = Array.from(strength, (value) => value / sum);
  return { map: strength.map((value) => value / most), box, place: locate(share, rows, columns, box) };
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

function locate(share, rows, columns, box) {
  let [sum, needed] = [0, 0];
  for (const value of [...share].sort((one, other) => other - one)) {
    needed += 1;
    sum += value;
    if (sum >= 0.5) break;
  }
  if (needed > CONCENTRATED * share.length) return null;
  const middle = share.reduce((all, value, place) => all + value * ((place % columns) + 0.5), 0) / columns;
  const across = box[0] + middle * (box[2] - box[0]);
  if (across < 0.5 - SIDE / 2) return "left";
  return across > 0.5 + SIDE / 2 ? "right" : "centre";
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
