// From pixels to the graph's input: the recipe of discern.picture, bit for bit as Pillow computes it.
//
// Pillow's antialiased resampling is two passes, horizontal and then vertical, each with weights in fixed point and
// rounded to 8 bits.

/**
 * @typedef {{ data: Uint8Array | Uint8ClampedArray<ArrayBuffer>, width: number, height: number, channels: number }} Pixels
 *     bytes, row by row.
 * @typedef {"bilinear" | "bicubic" | "lanczos"} Filter
 *
 * @typedef {object} Recipe as in bundle.json.
 * @property {number} size
 * @property {number} resize
 * @property {"crop" | "pad" | "stretch"} fit
 * @property {Filter} filter
 * @property {number[]} fill
 * @property {number} [white] value that becomes white in pictures of 16 bits per channel.
 *
 * @typedef {{ support: number, weight: (x: number) => number }} Kernel
 * @typedef {{ starts: Int32Array, counts: Int32Array, taps: Int32Array, maxTaps: number }} Weights for each output the
 *     first of its inputs, their number, and their weights in fixed point.
 */

const BITS = 22;

/** @type {Record<Filter, Kernel>} */
const KERNELS = {
  bilinear: { support: 1, weight: (x) => (Math.abs(x) < 1 ? 1 - Math.abs(x) : 0) },
  bicubic: { support: 2, weight: bicubic },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** @param {number} signed */
function bicubic(signed) {
  const a = -0.5;
  const x = Math.abs(signed);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/** @param {number} x */
function sinc(x) {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

/**
 * Apply a recipe.
 *
 * @param {Pixels} pixels upright sRGB, of 3 or 4 channels.
 * @param {Recipe} recipe
 * @returns {Uint8Array} RGB, size x size x 3.
 */
export function applyRecipe(pixels, recipe) {
  const { size, fit, filter } = recipe;
  if (fit === "pad") return pad(pixels, recipe);
  const box = fit === "crop" ? centreCrop(pixels, recipe) : null;
  return dropAlpha(resample(pixels, size, size, { filter, box }));
}

/**
 * Part of a picture that "crop" keeps: left, top, right, bottom in pixels.
 *
 * @param {Pixels} pixels
 * @param {Recipe} recipe
 */
function centreCrop({ width, height }, { size, resize }) {
  const side = (Math.min(width, height) * size) / resize;
  const [left, top] = [(width - side) / 2, (height - side) / 2];
  return [left, top, left + side, top + side];
}

/** @param {Pixels} pixels @param {Recipe} recipe */
function pad(pixels, { size, resize, filter, fill }) {
  const scale = resize / Math.max(pixels.width, pixels.height);
  const [width, height] = [pixels.width, pixels.height].map((side) => Math.max(1, roundHalfEven(side * scale)));
  const inner = dropAlpha(resample(pixels, width, height, { filter }));
  const output = new Uint8Array(size * size * 3).map((_, index) => fill[index % 3]);
  const [left, top] = [Math.floor((size - width) / 2), Math.floor((size - height) / 2)];
  for (let y = 0; y < height; y++) {
    output.set(inner.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * size + left) * 3);
  }
  return output;
}

/** Round as Python does: a half goes to the even neighbour. @param {number} value */
export function roundHalfEven(value) {
  const below = Math.floor(value);
  const fraction = value - below;
  if (fraction !== 0.5) return fraction < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** @param {Pixels} pixels */
function dropAlpha({ data, channels }) {
  if (channels === 3) return new Uint8Array(data.buffer, data.byteOffset, data.length);
  const rgb = new Uint8Array((data.length / channels) * 3);
  for (let from = 0, to = 0; from < data.length; from += channels, to += 3) {
    rgb[to] = data[from];
    rgb[to + 1] = data[from + 1];
    rgb[to + 2] = data[from + 2];
  }
  return rgb;
}

/**
 * Resample as Pillow's `Image.resize(size, filter, box)` does.
 *
 * @param {Pixels} pixels
 * @param {number} width
 * @param {number} height
 * @param {{ filter: Filter, box?: number[] | null }} options `box`: the part of the picture to use, as left, top,
 *     right, bottom in pixels; null for all of it.
 * @returns {Pixels}
 */
export function resample(pixels, width, height, { filter, box = null }) {
  // Pillow holds the box in single precision.
  const [left, top, right, bottom] = (box ?? [0, 0, pixels.width, pixels.height]).map(Math.fround);
  const kernel = KERNELS[filter];
  const vertical = computeWeights(pixels.height, top, bottom, height, kernel);
  const lost = pixels.height - height;
  // Where much more is lost in height than in width, Pillow runs the vertical pass first, over the full width.
  const verticalFirst = lost > 0 && lost > 2 * (pixels.width - width);
  const horizontalPass = (/** @type {Pixels} */ each) => {
    if (width === each.width && left === 0 && right === each.width) return each;
    const last = vertical.starts[height - 1] + vertical.counts[height - 1];
    const [first, end] = verticalFirst ? [0, height] : [vertical.starts[0], last];
    return resampleRows(each, width, computeWeights(each.width, left, right, width, kernel), first, end);
  };
  const verticalPass = (/** @type {Pixels} */ each) =>
    height === each.height && top === 0 && bottom === each.height ? each : resampleColumns(each, height, vertical);
  return verticalFirst ? horizontalPass(verticalPass(pixels)) : verticalPass(horizontalPass(pixels));
}

/**
 * @param {number} inputs
 * @param {number} from
 * @param {number} to
 * @param {number} outputs
 * @param {Kernel} kernel
 * @returns {Weights}
 */
function computeWeights(inputs, from, to, outputs, kernel) {
  const scale = Math.fround(to - from) / outputs;
  const stretch = Math.max(1, scale);
  const support = kernel.support * stretch;
  const maxTaps = Math.ceil(support) * 2 + 1;
  const [starts, counts, taps] = [new Int32Array(outputs), new Int32Array(outputs), new Int32Array(outputs * maxTaps)];
  const exact = new Float64Array(maxTaps);
  for (let output = 0; output < outputs; output++) {
    const centre = from + (output + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const count = Math.min(inputs, Math.trunc(centre + support + 0.5)) - start;
    let sum = 0;
    for (let tap = 0; tap < count; tap++) {
      exact[tap] = kernel.weight((tap + start - centre + 0.5) * (1 / stretch));
      sum += exact[tap];
    }
    for (let tap = 0; tap < count; tap++) {
      taps[output * maxTaps + tap] = toFixedPoint(sum === 0 ? exact[tap] : exact[tap] / sum);
    }
    [starts[output], counts[output]] = [start, count];
  }
  return { starts, counts, taps, maxTaps };
}

/** @param {number} weight */
function toFixedPoint(weight) {
  return Math.trunc((weight < 0 ? -0.5 : 0.5) + weight * (1 << BITS));
}

/**
 * Run the horizontal pass; rows outside of first..end are not needed and stay empty.
 *
 * @param {Pixels} pixels
 * @param {number} outputs
 * @param {Weights} weights
 * @param {number} first
 * @param {number} end
 * @returns {Pixels}
 */
function resampleRows({ data, width, height, channels }, outputs, { starts, counts, taps, maxTaps }, first, end) {
  const resampled = new Uint8ClampedArray(outputs * height * channels);
  for (let y = first; y < end; y++) {
    for (let x = 0; x < outputs; x++) {
      const from = (y * width + starts[x]) * channels;
      for (let channel = 0; channel < channels; channel++) {
        let sum = 1 << (BITS - 1);
        for (let tap = 0, at = from + channel; tap < counts[x]; tap++, at += channels) {
          sum += data[at] * taps[x * maxTaps + tap];
        }
        resampled[(y * outputs + x) * channels + channel] = sum >> BITS;
      }
    }
  }
  return { data: resampled, width: outputs, height, channels };
}

/** Run the vertical pass. @param {Pixels} pixels @param {number} outputs @param {Weights} weights @returns {Pixels} */
function resampleColumns({ data, width, channels }, outputs, { starts, counts, taps, maxTaps }) {
  const row = width * channels;
  const resampled = new Uint8ClampedArray(outputs * row);
  for (let y = 0; y < outputs; y++) {
    for (let at = 0; at < row; at++) {
      let sum = 1 << (BITS - 1);
      for (let tap = 0, from = starts[y] * row + at; tap < counts[y]; tap++, from += row) {
        sum += data[from] * taps[y * maxTaps + tap];
      }
      resampled[y * row + at] = sum >> BITS;
    }
  }
  return { data: resampled, width, height: outputs, channels };
}
