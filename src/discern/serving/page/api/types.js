// Types of the page's API and of the JSON behind it. This module has no code.

/** @import { Recipe } from "../decode/resample.js" */

/**
 * @typedef {"accept" | "review" | "unknown"} Decision
 * @typedef {"left" | "centre" | "right"} Place
 * @typedef {{ label: string, place: Place | null, box: number[], map: string }} Evidence
 *     `map` is a PNG's data URL; `box` is the part of the picture that it covers (left, top, right, bottom in shares).
 *
 * @typedef {object} Prediction the JSON object of `POST /predict`.
 * @property {string} label
 * @property {Decision} decision
 * @property {number} confidence
 * @property {Record<string, number>} probabilities
 * @property {string[] | null} set
 * @property {number} unknown_score
 * @property {string | null} looks_like
 * @property {string} message
 * @property {{ name: string, version: string, fingerprint: string }} model
 * @property {string} id
 * @property {number} [order_value]
 * @property {string} [name]
 * @property {string} [spoken]
 * @property {string | null} [route]
 * @property {Evidence | null} [evidence]
 * @property {number | null} [modelTime] milliseconds that the model took, where the server reports it.
 *
 * @typedef {{ value: number, low?: number, high?: number, estimates?: string }} Accuracy
 *
 * @typedef {object} ModelInfo the JSON object of `GET /model`.
 * @property {string} name
 * @property {string} version
 * @property {string} fingerprint
 * @property {string[]} labels
 * @property {boolean} [ordered]
 * @property {string[]} [models]
 * @property {Record<string, { name?: string, spoken?: string, route?: string }>} names
 * @property {{ unknown: number | null, accept: number | null, set: number | null }} thresholds
 * @property {{ accuracy?: { leak_free?: Accuracy, naive?: Accuracy }, conformal?: { asked?: number }, split?: { unjudged?: string[] } | null }} [metrics]
 * @property {{ sentence?: string, needed?: number | null } | null} [policy]
 * @property {{ name?: string, pretraining?: string }} [backbone]
 * @property {string} [card]
 * @property {Recipe} recipe
 * @property {number[] | null} [scale]
 * @property {boolean} [capture] true where the server keeps what it answers, and takes corrections.
 * @property {{ passed: boolean, worst_difference: number | null }} [verified] result of the self-test in this browser.
 *
 * @typedef {object} PredictOptions
 * @property {boolean} [evidence] also return where in the picture the answer is seen.
 * @property {string} [model]
 * @property {AbortSignal} [signal]
 * @property {(share: number) => void} [onProgress] called with the share of the upload that is done.
 *
 * @typedef {{ label: string, isNew?: boolean }} Correction the right label; `isNew` where it is none of the classes.
 * @typedef {{ name: string, path: string }} Example
 * @typedef {{ bytes?: number, pixels?: number }} Limits
 *
 * @typedef {object} Api
 * @property {"server" | "remote" | "local"} kind
 * @property {Limits} limits
 * @property {(key: string) => void} [setKey]
 * @property {(options?: { model?: string }) => Promise<ModelInfo>} modelInfo
 * @property {(blob: Blob, options?: PredictOptions) => Promise<Prediction>} predict
 * @property {(id: string, correction: Correction) => Promise<unknown>} [correct] tells the right label of an answer.
 *
 * @typedef {object} Config the file `config.json` beside this page.
 * @property {"server" | "remote" | "local"} kind
 * @property {Example[]} [examples]
 * @property {Limits} [limits]
 * @property {string} [url]
 * @property {string} [model]
 * @property {string} [runtime]
 * @property {string} [version]
 * @property {number} [bytes]
 */
