// Heatmap of where the answer is seen: requested once per picture, and only when somebody asks for it.

import { placeText } from "./text.js";

/** @import { Prediction } from "../api/types.js" */
/** @import { Item } from "../queue/items.js" */

/**
 * Show an item's heatmap, or hide it. While one is being requested, no second request is made.
 *
 * @param {Item} item
 * @param {() => Promise<Prediction>} predict requests a prediction with evidence.
 * @param {(text: string) => void} onChange called with a text for people when the item has changed.
 */
export async function toggleHeatmap(item, predict, onChange) {
  const update = (/** @type {Partial<Item>} */ changes, text = changes.heatmapStatus ?? "") => {
    Object.assign(item, changes);
    onChange(text);
  };
  if (item.heatmap) {
    update({ heatmap: null, heatmapStatus: "" }, "The heatmap is hidden.");
    return;
  }
  const { prediction } = item;
  if (item.isHeatmapLoading || !prediction) return;
  update({ isHeatmapLoading: true, heatmapStatus: "One moment: finding out where I see it." });
  try {
    prediction.evidence ??= (await predict()).evidence;
    const { evidence = null } = prediction;
    const text = evidence ? placeText(evidence.place) : "This model cannot show where it sees things.";
    update({ isHeatmapLoading: false, heatmap: evidence, heatmapStatus: text });
  } catch (error) {
    const reason = error instanceof Error ? error.message : "Try again.";
    update({ isHeatmapLoading: false, heatmapStatus: `The heatmap is not available: ${reason}` });
  }
}
