// Web worker that runs the model, so that the page stays responsive: loads the graph, decodes pictures, runs and decides.

import { decode, PictureError } from "../decode/decode.js";
import { applyRecipe } from "../decode/resample.js";
import { decide } from "./decide.js";
import { drawHeatmap, localise } from "./localise.js";

/** @import { Evidence, ModelInfo, Prediction } from "./types.js" */
/** @import { Recipe } from "../decode/resample.js" */

/**
 * @typedef {{ data: Float32Array, dims: number[] }} Tensor
 * @typedef {{ run(inputs: Record<string, Tensor>, outputs: string[]): Promise<Record<string, Tensor>> }} Session
 * @typedef {object} Runtime the part of ONNX Runtime that is used here.
 * @property {{ wasm: { wasmBinary: ArrayBuffer, numThreads: number }, logLevel: string }} env
 * @property {{ create(graph: Uint8Array, options: object): Promise<Session> }} InferenceSession
 * @property {new (type: string, data: Uint8Array, dims: number[]) => Tensor} Tensor
 *
 * @typedef {{ runtime: Runtime, session: Session, info: ModelInfo }} LoadedModel
 * @typedef {{ model: string, runtime: string, version: string, total: number }} LoadRequest
 * @typedef {{ blob: Blob, evidence: boolean }} PredictRequest
 * @typedef {{ start: number, width: number }} GoldenOutput
 * @typedef {{ pictures: [number, number][], outputs: Record<string, GoldenOutput> }} Golden
 */

const TOLERANCE = 1e-4;
const OUTPUTS = ["probabilities", "unknown_score", "embedding"];
// Seconds: retrying by itself would load the model again and again.
const NEVER = 1e6;

const scope = /** @type {DedicatedWorkerGlobalScope} */ (/** @type {unknown} */ (self));

/** @type {LoadedModel | null} */
let loaded = null;
let queue = Promise.resolve();

scope.onmessage = ({ data }) => {
  // One after the other: the graph runs once at a time.
  queue = queue.then(() => respond(data));
};

/** @param {{ id: number, load?: LoadRequest, predict: PredictRequest }} message */
async function respond({ id, load, predict }) {
  try {
    const result = load ? await loadModel(load) : await predictPicture(predict);
    scope.postMessage({ id, result });
  } catch (error) {
    scope.postMessage({ id, error: describeError(error, Boolean(load)) });
  }
}

/**
 * Error as plain data: custom fields of errors do not survive `postMessage`.
 *
 * @param {unknown} error
 * @param {boolean} loading
 */
function describeError(error, loading) {
  if (error instanceof PictureError) return { code: error.code, message: error.message, hint: error.hint };
  const what = loading ? "The model cannot be loaded in this browser" : "The picture cannot be classified";
  const reason = error instanceof Error ? error.message : error;
  const hint = "Reload the page; if that does not help, update your browser.";
  return { code: "browser", message: `${what} (${reason}).`, hint, retryAfter: NEVER };
}

/** @param {LoadRequest} request @returns {Promise<ModelInfo>} */
async function loadModel({ model, runtime: folder, version, total }) {
  const read = fileReader(version, total);
  const files = ["about.json", "golden.json", "golden.bin", "model.onnx"].map((name) => read(model + name));
  const script = import(`${folder}onnxruntime.js?v=${version}`);
  const [runtime, engine, about, golden, vectors, graph] = await Promise.all([script, read(`${folder}onnxruntime.wasm`), ...files]);
  runtime.env.wasm.wasmBinary = engine;
  // Threads need shared memory, which browsers allow only on pages with certain headers. Half of the cores at most:
  // waiting threads spin, and two on two busy cores were slower than one.
  const cores = self.crossOriginIsolated ? (navigator.hardwareConcurrency ?? 1) : 1;
  runtime.env.wasm.numThreads = Math.max(1, Math.min(4, cores >> 1));
  runtime.env.logLevel = "error";
  const session = await runtime.InferenceSession.create(new Uint8Array(graph), { executionProviders: ["wasm"] });
  /** @type {ModelInfo} */
  const info = parseJson(about);
  loaded = { runtime, session, info };
  return { ...info, verified: await verify(loaded, parseJson(golden), vectors) };
}

/**
 * Make a function that fetches whole files, and report to the page how far all of them together have come.
 *
 * @param {string} version
 * @param {number} total
 */
function fileReader(version, total) {
  let sum = 0;
  return async (/** @type {string} */ url) => {
    try {
      const response = await fetch(`${url}?v=${version}`);
      if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
      const parts = [];
      const reader = response.body.getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        parts.push(part.value);
        sum += part.value.length;
        scope.postMessage({ loading: { loaded: Math.min(sum, total), total } });
      }
      return await new Blob(parts).arrayBuffer();
    } catch (error) {
      const name = new URL(url).pathname.split("/").pop();
      const message = `${name} cannot be loaded from this site (${error instanceof Error ? error.message : error}).`;
      throw new PictureError("incomplete", message, "I’ll keep trying. Whoever runs the site must upload all files of the export.");
    }
  };
}

/** @param {ArrayBuffer} bytes */
function parseJson(bytes) {
  return JSON.parse(new TextDecoder().decode(bytes));
}

/**
 * Replay the golden pictures, and compare with the outputs that were recorded where the model was made.
 *
 * @param {LoadedModel} model
 * @param {Golden} golden
 * @param {ArrayBuffer} vectors
 */
async function verify(model, golden, vectors) {
  const { passed, worst } = await replay(model, golden, vectors);
  return { passed: passed && worst <= TOLERANCE, worst_difference: Number.isFinite(worst) ? worst : null };
}

/** @param {LoadedModel} model @param {Golden} golden @param {ArrayBuffer} vectors */
async function replay(model, { pictures, outputs }, vectors) {
  let [worst, passed] = [0, true];
  for (const [row, [start, end]] of pictures.entries()) {
    const { tensors } = await run(model, new Blob([vectors.slice(start, end)]), OUTPUTS);
    const expected = Object.fromEntries(OUTPUTS.map((name) => [name, goldenRow(vectors, outputs[name], row)]));
    worst = Math.max(worst, ...OUTPUTS.map((name) => largestDifference(tensors[name].data, expected[name])));
    passed &&= decideWith(model, tensors.probabilities.data, tensors.unknown_score.data).decision ===
      decideWith(model, expected.probabilities, expected.unknown_score).decision;
  }
  return { passed, worst };
}

/** @param {ArrayBuffer} vectors @param {GoldenOutput} output @param {number} row */
function goldenRow(vectors, { start, width }, row) {
  return new Float32Array(vectors, start + 4 * row * width, width);
}

/** Largest difference, relative where values exceed 1. @param {Float32Array} actual @param {Float32Array} expected */
function largestDifference(actual, expected) {
  if (actual.length !== expected.length) return Infinity;
  const worst = expected.reduce(
    (most, value, index) => Math.max(most, Math.abs(actual[index] - value) / Math.max(1, Math.abs(value))),
    0,
  );
  return Number.isNaN(worst) ? Infinity : worst;
}

/**
 * @param {LoadedModel} model
 * @param {Float32Array} probabilities
 * @param {Float32Array} unknownScore
 * @returns {Prediction}
 */
function decideWith({ info }, probabilities, unknownScore) {
  const { name, version, fingerprint } = info;
  return decide(probabilities, unknownScore[0], { ...info, model: { name, version, fingerprint } });
}

/** Run a picture file through the graph. @param {LoadedModel} model @param {Blob} blob @param {string[]} outputs */
async function run({ runtime, session, info: { recipe } }, blob, outputs) {
  const { pixels, size } = await decode(blob, (width, height) => shortestSide(recipe, width, height), recipe.white);
  const input = new runtime.Tensor("uint8", applyRecipe(pixels, recipe), [1, recipe.size, recipe.size, 3]);
  return { tensors: await session.run({ pixels: input }, outputs), size };
}

/**
 * Shorter side, in pixels, below which a picture of this size should not be decoded.
 *
 * @param {Recipe} recipe
 * @param {number} width
 * @param {number} height
 */
function shortestSide({ fit, resize }, width, height) {
  if (fit !== "pad") return resize;
  return Math.max(1, Math.ceil((resize * Math.min(width, height)) / Math.max(width, height)));
}

/** @param {PredictRequest} request @returns {Promise<Prediction>} */
async function predictPicture({ blob, evidence }) {
  if (!loaded) throw new Error("no model is loaded");
  const outputs = ["probabilities", "unknown_score", ...(evidence ? ["evidence"] : [])];
  const { tensors, size } = await run(loaded, blob, outputs);
  const prediction = decideWith(loaded, tensors.probabilities.data, tensors.unknown_score.data);
  if (!evidence) return prediction;
  return { ...prediction, evidence: await localiseLabel(loaded, tensors.evidence, prediction.label, size) };
}

/**
 * @param {LoadedModel} model
 * @param {Tensor} evidence
 * @param {string} label
 * @param {number[]} size
 * @returns {Promise<Evidence>}
 */
async function localiseLabel({ info: { labels, recipe } }, { data, dims }, label, size) {
  const [, rows, columns, count] = dims;
  const index = labels.indexOf(label);
  const ofLabel = Float32Array.from({ length: rows * columns }, (_, cell) => data[cell * count + index]);
  const { map, box, place } = localise(ofLabel, columns, recipe, size);
  return { label, place, box, map: await drawHeatmap(map, rows, columns) };
}
