// Where the answer is seen: asked for once a picture, and only when somebody wants to know.

import { wordPlace } from "./text.js";

/**
 * Show an item's map, or hide it.
 *
 * `ask(item)` gets an answer with evidence; `done(item, words)` is told when the item has changed, with what is to be
 * said of it. While one is asked for, nobody asks again.
 */
export async function turnHeat(item, ask, done) {
  if (item.heat) {
    Object.assign(item, { heat: null, looked: "" });
    return done(item, "The map is hidden.");
  }
  if (item.looking) return undefined;
  Object.assign(item, { looking: true, looked: "One moment: I am finding out where I look." });
  done(item, item.looked);
  try {
    item.prediction.evidence ??= (await ask(item)).evidence;
    const { evidence = null } = item.prediction;
    Object.assign(item, { heat: evidence, looked: evidence ? wordPlace(evidence.place) : "This model cannot say where it looks." });
  } catch (error) {
    item.looked = `The map could not be made: ${error.message ?? "try again"}`;
  }
  item.looking = false;
  return done(item, item.looked);
}
