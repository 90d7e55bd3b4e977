// Beside the page, so that it stays responsive: loads the graph, decodes pictures, runs and decides.

import { decide } from "./decide.js";
import { open as openPicture, Refusal } from "../decode/decode.js";
import { applyRecipe } from "../decode/resample.js";
import { draw, see } from "./localise.js";

const TOLERANCE = 1e-4;
const OUTPUTS = ["probabilities", "unknown_score", "embedding"];

let loaded = null;
let turn = Promise.resolve();

self.onmessage = ({ data }) => {
  // One after the other: the graph runs once at a time.
  turn = turn.then(() => respond(data));
};

async function respond({ id, open, answer }) {
  try {
    const result = open ? await load(open) : await answered(answer);
    self.postMessage({ id, result });
  } catch (error) {
    self.postMessage({ id, error: error instanceof Refusal ? error.said : unforeseen(error, Boolean(open)) });
  }
}

function unforeseen(error, loading) {
  const what = loading ? "The model cannot be loaded in this browser" : "The picture cannot be answered";
  const hint = "Load the page anew; if that does not help, use a current browser.";
  // To try again by itself would load the model again and again.
  return { code: "browser", message: `${what} (${error?.message ?? error}).`, hint, retryAfter: 1e6 };
}

async function load({ model, runtime, version, total }) {
  const read = fetching(version, total);
  const named = ["about.json", "golden.json", "golden.bin", "model.onnx"].map((name) => read(model + name));
  const script = import(`${runtime}onnxruntime.js?v=${version}`);
  const [ort, engine, about, golden, kept, graph] = await Promise.all([script, read(`${runtime}onnxruntime.wasm`), ...named]);
  ort.env.wasm.wasmBinary = engine;
  // Threads need memory that is shared, which browsers allow to pages with certain headers alone. Half of the cores at
  // most: threads that wait for each other spin, and two on two busy cores were slower than one.
  const cores = self.crossOriginIsolated ? (navigator.hardwareConcurrency ?? 1) : 1;
  ort.env.wasm.numThreads = Math.max(1, Math.min(4, cores >> 1));
  ort.env.logLevel = "error";
  const session = await ort.InferenceSession.create(new Uint8Array(graph), { executionProviders: ["wasm"] });
  loaded = { ort, session, about: json(about) };
  return { ...loaded.about, verified: await verify(json(golden), kept) };
}

/** Fetches whole files, and tells the page how far all of them together have come. */
function fetching(version, total) {
  let sum = 0;
  return async (url) => {
    try {
      const response = await fetch(`${url}?v=${version}`);
      if (!response.ok) throw new Error(`status ${response.status}`);
      const parts = [];
      const reader = response.body.getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        parts.push(part.value);
        sum += part.value.length;
        self.postMessage({ loading: { loaded: Math.min(sum, total), total } });
      }
      return await new Blob(parts).arrayBuffer();
    } catch (error) {
      const name = new URL(url).pathname.split("/").pop();
      const message = `${name} cannot be had from this site (${error.message}).`;
      throw new Refusal("incomplete", message, "I keep trying. Whoever runs the site must put all files of the export there.");
    }
  };
}

function json(bytes) {
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** Answer the golden pictures here, and say whether the answers are those that were given where the model was made. */
async function verify(golden, kept) {
  const { passed, worst } = await replay(golden, kept);
  return { passed: passed && worst <= TOLERANCE, worst_difference: Number.isFinite(worst) ? worst : null };
}

async function replay({ pictures, outputs }, kept) {
  let [worst, passed] = [0, true];
  for (const [row, [start, end]] of pictures.entries()) {
    const { figures } = await run(new Blob([kept.slice(start, end)]), OUTPUTS);
    const expected = Object.fromEntries(OUTPUTS.map((name) => [name, rowOf(kept, outputs[name], row)]));
    worst = Math.max(worst, ...OUTPUTS.map((name) => difference(figures[name].data, expected[name])));
    passed &&= judged(figures.probabilities.data, figures.unknown_score.data).decision ===
      judged(expected.probabilities, expected.unknown_score).decision;
  }
  return { passed, worst };
}

function rowOf(kept, { start, width }, row) {
  return new Float32Array(kept, start + 4 * row * width, width);
}

/** The largest difference, relative where values exceed 1. */
function difference(actual, expected) {
  if (actual.length !== expected.length) return Infinity;
  const worst = expected.reduce(
    (most, value, place) => Math.max(most, Math.abs(actual[place] - value) / Math.max(1, Math.abs(value))),
    0,
  );
  return Number.isNaN(worst) ? Infinity : worst;
}

function judged(probabilities, unknownScore) {
  const { name, version, fingerprint } = loaded.about;
  return decide(probabilities, unknownScore[0], { ...loaded.about, model: { name, version, fingerprint } });
}

/** From a file to the graph's figures. */
async function run(blob, wanted) {
  const { ort, session, about } = loaded;
  const { recipe } = about;
  const { pixels, size } = await openPicture(blob, (width, height) => shortest(recipe, width, height));
  const input = new ort.Tensor("uint8", applyRecipe(pixels, recipe), [1, recipe.size, recipe.size, 3]);
  return { figures: await session.run({ pixels: input }, wanted), size };
}

/** The shorter side, in pixels, below which a picture of this size should not be decoded. */
function shortest({ fit, resize }, width, height) {
  if (fit !== "pad") return resize;
  return Math.max(1, Math.ceil((resize * Math.min(width, height)) / Math.max(width, height)));
}

async function answered({ blob, evidence }) {
  const wanted = ["probabilities", "unknown_score", ...(evidence ? ["evidence"] : [])];
  const { figures, size } = await run(blob, wanted);
  const said = judged(figures.probabilities.data, figures.unknown_score.data);
  return evidence ? { ...said, evidence: await seen(figures.evidence, said.label, size) } : said;
}

async function seen({ data, dims }, label, size) {
  const { labels, recipe } = loaded.about;
  const [, rows, columns, count] = dims;
  const place = labels.indexOf(label);
  const ofLabel = Float32Array.from({ length: rows * columns }, (_, each) => data[each * count + place]);
  const { map, box, place: where } = see(ofLabel, columns, recipe, size);
  return { label, place: where, box, map: await draw(map, rows, columns) };
}
