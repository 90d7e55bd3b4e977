// What the model is, how good it is, and what it promises.

import { el } from "./dom.js";
import { apart, listed, nameOf } from "./text.js";

const MANY = 8;

/** What it knows, in one sentence. */
export function wordKnows(about) {
  const names = about.labels.map((label) => nameOf(label, about));
  const things = names.length <= MANY ? listed(names) : `${names.length} things, among them ${listed(names.slice(0, 4))}`;
  return `I know ${things}. If it is something else, or I am not sure, I say so.`;
}

/** How good it is on pictures that share nothing with what it learned from; "" where nobody knows. */
export function wordHonest(about) {
  const figure = about.metrics?.accuracy?.leak_free;
  if (typeof figure?.value !== "number") return "";
  const range = typeof figure.low === "number" ? ` (95 % interval ${points(figure.low)} to ${points(figure.high)})` : "";
  const whose = figure.estimates === "recipe" ? "A model made this way is" : "It is";
  return `${whose} right ${points(figure.value)} of the time on pictures unlike any it learned from${range}.`;
}

/** What it promises, in its own words. */
export function wordPromise(about) {
  return about.policy?.sentence || "It makes no promise about its errors, so a person confirms every answer.";
}

const points = (share) => `${(100 * share).toFixed(1)}\u202f%`;

/** Everything, for those who want to know. */
export function drawAbout(place, about) {
  const { metrics } = about;
  const naive = metrics?.accuracy?.naive?.value;
  const facts = [
    ["Name", `${about.name}, version ${about.version}`],
    ["How good", wordHonest(about) || "This was not measured."],
    ["By a random split", typeof naive === "number" ? `${points(naive)}: what is usually claimed, and leaks.` : ""],
    ["Its promise", wordPromise(about)],
    ["What looks", about.backbone?.name ? `${about.backbone.name}, pretrained on ${about.backbone.pretraining ?? "unknown pictures"}` : ""],
    ["Fingerprint", el("code", {}, about.fingerprint)],
  ].filter(([, said]) => said);
  place.replaceChildren(
    el("dl", { class: "facts" }, ...facts.flatMap(([term, said]) => [el("dt", {}, term), el("dd", {}, said)])),
    el("details", { open: about.labels.length <= 20 }, el("summary", {}, `The ${about.labels.length} things it knows`), labels(about)),
    about.card ? el("details", {}, el("summary", {}, "Its card"), el("div", { class: "card-text" }, ...read(about.card))) : "",
  );
}

function labels(about) {
  const tag = about.ordered ? "ol" : "ul";
  return el(tag, { class: "labels" }, ...about.labels.map((label) => {
    const name = nameOf(label, about);
    return el("li", {}, name, name === apart(label) ? null : el("code", {}, label));
  }));
}

/** A card's Markdown, as far as cards use it: headings, lists, paragraphs, bold and code. */
function read(text) {
  return text.split(/\n{2,}/).filter((block) => block.trim()).map((block) => {
    const heading = /^(#+)\s+(.*)$/s.exec(block);
    if (heading) return el(heading[1].length > 1 ? "h4" : "h3", {}, ...inline(heading[2]));
    const points_ = block.split(/\n(?=- )/);
    if (points_[0].startsWith("- ")) return el("ul", {}, ...points_.map((point) => el("li", {}, ...inline(point.slice(2)))));
    return el("p", {}, ...inline(block));
  });
}

function inline(text) {
  return text.split(/(\*\*[^*]+\*\*|`[^`]+`)/).map((piece) => {
    if (piece.startsWith("**")) return el("strong", {}, piece.slice(2, -2));
    if (piece.startsWith("`")) return el("code", {}, piece.slice(1, -1));
    return piece;
  });
}

