// From a prediction to plain words on the screen.

export const DECISIONS = { accept: "Accepted", review: "Please check", unknown: "Not known" };

const THIN = "\u202f";
const CLOSE = 0.5;

export const capital = (text) => text.replace(/^\u2068?./u, (first) => first.toLocaleUpperCase());

/** What people call a label: as the model was told, else the label itself. */
export function nameOf(label, about) {
  const names = about?.names ?? {};
  return apart((Object.hasOwn(names, label) && names[label].name) || label.replaceAll("_", " "));
}

/** What people call what an answer names. */
export function nameIn(prediction, about) {
  return prediction.name ? apart(prediction.name) : nameOf(prediction.label, about);
}

/** Words that run from right to left, in marks that keep them from turning the sentence around them (as `bdi` does). */
export function apart(name) {
  return /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u.test(name) ? `\u2068${name}\u2069` : name;
}

/** A share in words that never claim more than is known: nothing below one is "100 %". */
export function percent(share) {
  const rounded = Math.round(100 * share);
  if (rounded >= 100 && share < 1) return `over 99${THIN}%`;
  if (rounded <= 0 && share > 0) return `under 1${THIN}%`;
  return `${rounded}${THIN}%`;
}

/** The labels that the picture may be, the likeliest first; ordered labels stay in their order. */
export function candidates(prediction, about, most = 5) {
  const all = Object.entries(prediction.probabilities).map(([label, share]) => ({ label, share, name: nameOf(label, about) }));
  const best = [...all].sort((a, b) => b.share - a.share).slice(0, most);
  return about?.ordered && all.length <= most + 2 ? all : best;
}

/** The labels between which a doubtful answer hesitates: the first, and those at least half as likely. */
export function rivals(prediction, about) {
  const ranked = Object.entries(prediction.probabilities).sort((a, b) => b[1] - a[1]);
  return ranked.filter(([, share]) => share >= CLOSE * ranked[0][1]).slice(0, 3).map(([label]) => nameOf(label, about));
}

/** The answer: one large sentence, and what else is to be known. */
export function wordAnswer(prediction, about) {
  const name = nameIn(prediction, about);
  const sure = percent(prediction.confidence);
  if (prediction.decision === "unknown") {
    return {
      headline: `This is none of the things I know: it looks most like ${name}.`,
      note: "Nothing quite like it was among the pictures I learned from.",
    };
  }
  if (prediction.decision === "accept") {
    return { headline: `${capital(name)}, ${sure}`, note: prediction.route ? `Goes to ${prediction.route}.` : "" };
  }
  return wordDoubt(prediction, about, name, sure);
}

function wordDoubt(prediction, about, name, sure) {
  const between = rivals(prediction, about);
  if (between.length > 2) return { headline: `I can’t decide between ${listed(between, "and")} here: please have a look.`, note: "" };
  if (between.length === 2) return { headline: `I can’t tell ${between[0]} from ${between[1]} here: please have a look.`, note: "" };
  const unpromised = about && (about.thresholds?.accept ?? null) === null;
  return {
    headline: `Probably ${name}, ${sure}: please have a look.`,
    note: unpromised ? "This model makes no promise about its errors yet, so a person confirms every answer." : "",
  };
}

export function listed(names, joiner = "and") {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} ${joiner} ${names.at(-1)}`;
}

/**
 * What else an answer says: several labels of which one is right as often as was asked, and where ordered labels have
 * another in their middle, that one. Of strangers neither is meant.
 */
export function wordMore(prediction, about) {
  const { decision, label, set, order_value: value } = prediction;
  if (decision === "unknown") return [];
  const asked = about?.metrics?.conformal?.asked;
  const often = typeof asked === "number" ? ` (right for ${percent(asked)} of pictures)` : "";
  const middle = typeof value === "number" ? labelAt(value, about?.labels ?? []) : label;
  return [
    set?.length > 1 ? `It is one of these${often}: ${listed(set.map((each) => nameOf(each, about)), "or")}.` : "",
    middle !== undefined && middle !== label ? `In the middle of what it may be, in order: ${nameOf(middle, about)}.` : "",
  ].filter(Boolean);
}

/** The label that counts as a number: ordered labels count as their numbers where all are numbers, else as their places. */
function labelAt(value, labels) {
  const numbers = labels.map((label) => (label.trim() ? Number(label) : NaN));
  return numbers.every(Number.isFinite) ? labels[numbers.indexOf(value)] : labels[value];
}

/** Where a picture's answer is seen, for somebody who looks at the picture. */
export function wordPlace(place) {
  const where = { left: "on the left", centre: "in the middle", right: "on the right" }[place];
  return where ? `I look mostly at what is ${where} of the picture.` : "What I look at is spread over the picture.";
}

export function milliseconds(value) {
  return value < 1000 ? `${Math.max(1, Math.round(value))}${THIN}ms` : `${(value / 1000).toFixed(1)}${THIN}s`;
}
