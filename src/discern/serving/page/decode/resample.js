// How pixels become the graph's input: the recipe of discern.picture, to the bit what Pillow makes of the same pixels.
//
// Pillow's antialiased resampling is two passes, across and then down, each with weights in fixed point and rounded to
// 8 bits. Pixels are {data, width, height, channels}: bytes, row by row.

const BITS = 22;

const FILTERS = {
  bilinear: { support: 1, at: (x) => (Math.abs(x) < 1 ? 1 - Math.abs(x) : 0) },
  bicubic: { support: 2, at: bicubic },
  lanczos: { support: 3, at: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

function bicubic(signed) {
  const a = -0.5;
  const x = Math.abs(signed);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

function sinc(x) {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

/**
 * Follow a recipe.
 *
 * @param pixels upright sRGB, of 3 or 4 channels.
 * @param recipe as in bundle.json: size, resize, fit, filter, fill.
 * @returns {Uint8Array} RGB, size x size x 3.
 */
export function applyRecipe(pixels, recipe) {
  const { size, fit, filter } = recipe;
  if (fit === "pad") return padded(pixels, recipe);
  const box = fit === "crop" ? middle(pixels, recipe) : null;
  return withoutAlpha(resample(pixels, size, size, { filter, box }));
}

/** The part of a picture that "crop" keeps: left, top, right, bottom in pixels. */
function middle({ width, height }, { size, resize }) {
  const side = (Math.min(width, height) * size) / resize;
  const [left, top] = [(width - side) / 2, (height - side) / 2];
  return [left, top, left + side, top + side];
}

function padded(pixels, { size, resize, filter, fill }) {
  const scale = resize / Math.max(pixels.width, pixels.height);
  const [width, height] = [pixels.width, pixels.height].map((side) => Math.max(1, roundHalfEven(side * scale)));
  const inner = withoutAlpha(resample(pixels, width, height, { filter }));
  const ground = new Uint8Array(size * size * 3).map((_, index) => fill[index % 3]);
  const [left, top] = [Math.floor((size - width) / 2), Math.floor((size - height) / 2)];
  for (let y = 0; y < height; y++) {
    ground.set(inner.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * size + left) * 3);
  }
  return ground;
}

/** Round as Python does: a half goes to the even neighbour. */
export function roundHalfEven(value) {
  const below = Math.floor(value);
  const over = value - below;
  if (over !== 0.5) return over < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

function withoutAlpha({ data, channels }) {
  if (channels === 3) return new Uint8Array(data.buffer, data.byteOffset, data.length);
  const plain = new Uint8Array((data.length / channels) * 3);
  for (let from = 0, to = 0; from < data.length; from += channels, to += 3) {
    plain[to] = data[from];
    plain[to + 1] = data[from + 1];
    plain[to + 2] = data[from + 2];
  }
  return plain;
}

/**
 * Resample as Pillow's `Image.resize(size, filter, box)` does.
 *
 * @param options.filter "bilinear", "bicubic" or "lanczos".
 * @param options.box what of the picture is taken: left, top, right, bottom in pixels, or null for all of it.
 */
export function resample(pixels, width, height, { filter, box = null }) {
  // Pillow holds the box in single precision.
  const [left, top, right, bottom] = (box ?? [0, 0, pixels.width, pixels.height]).map(Math.fround);
  const down = weights(pixels.height, top, bottom, height, FILTERS[filter]);
  const lost = pixels.height - height;
  // Where much more is lost in height than in width, Pillow goes down first, over the full width.
  const downFirst = lost > 0 && lost > 2 * (pixels.width - width);
  const passAcross = (each) => {
    if (width === each.width && left === 0 && right === each.width) return each;
    const rows = downFirst ? [0, height] : [down.starts[0], down.starts[height - 1] + down.counts[height - 1]];
    return across(each, width, weights(each.width, left, right, width, FILTERS[filter]), ...rows);
  };
  const passDown = (each) =>
    height === each.height && top === 0 && bottom === each.height ? each : downward(each, height, down);
  return downFirst ? passAcross(passDown(pixels)) : passDown(passAcross(pixels));
}

/** For each output place where its inputs start, how many they are, and their weights in fixed point. */
function weights(inputs, from, to, outputs, filter) {
  const scale = Math.fround(to - from) / outputs;
  const wide = Math.max(1, scale);
  const support = filter.support * wide;
  const most = Math.ceil(support) * 2 + 1;
  const [starts, counts, taps] = [new Int32Array(outputs), new Int32Array(outputs), new Int32Array(outputs * most)];
  const exact = new Float64Array(most);
  for (let place = 0; place < outputs; place++) {
    const centre = from + (place + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const count = Math.min(inputs, Math.trunc(centre + support + 0.5)) - start;
    let sum = 0;
    for (let tap = 0; tap < count; tap++) {
      exact[tap] = filter.at((tap + start - centre + 0.5) * (1 / wide));
      sum += exact[tap];
    }
    for (let tap = 0; tap < count; tap++) taps[place * most + tap] = fixed(sum === 0 ? exact[tap] : exact[tap] / sum);
    [starts[place], counts[place]] = [start, count];
  }
  return { starts, counts, taps, most };
}

function fixed(weight) {
  return Math.trunc((weight < 0 ? -0.5 : 0.5) + weight * (1 << BITS));
}

/** The pass across; rows outside of first..last are not needed and stay empty. */
function across({ data, width, height, channels }, outputs, { starts, counts, taps, most }, first, last) {
  const made = new Uint8ClampedArray(outputs * height * channels);
  for (let y = first; y < last; y++) {
    for (let x = 0; x < outputs; x++) {
      const from = (y * width + starts[x]) * channels;
      for (let channel = 0; channel < channels; channel++) {
        let sum = 1 << (BITS - 1);
        for (let tap = 0, at = from + channel; tap < counts[x]; tap++, at += channels) {
          sum += data[at] * taps[x * most + tap];
        }
        made[(y * outputs + x) * channels + channel] = sum >> BITS;
      }
    }
  }
  return { data: made, width: outputs, height, channels };
}

function downward({ data, width, channels }, outputs, { starts, counts, taps, most }) {
  const row = width * channels;
  const made = new Uint8ClampedArray(outputs * row);
  for (let y = 0; y < outputs; y++) {
    for (let at = 0; at < row; at++) {
      let sum = 1 << (BITS - 1);
      for (let tap = 0, from = starts[y] * row + at; tap < counts[y]; tap++, from += row) {
        sum += data[from] * taps[y * most + tap];
      }
      made[y * row + at] = sum >> BITS;
    }
  }
  return { data: made, width, height: outputs, channels };
}
