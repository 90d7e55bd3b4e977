"""Functions that summarise a trained classifier's metrics and their limits in sentences."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from discern.reporting.display_names import DisplayNames
from discern.reporting.formatting import (
    INTERVAL_LEVEL,
    NBSP,
    chance_level,
    count,
    exceeds_error_limit,
    join_names,
    nested,
    percent,
    percent_interval,
    percentage_points,
    plural,
    two_decimals,
)
from discern.reporting.unlike_text import describe_unlike

if TYPE_CHECKING:
    from discern.evaluating import FixMetrics, LeakFreeAccuracy, Metrics, ReliabilityBin

BASELINE_NAMES = {
    "majority": "always the most frequent class",
    "mean_colour": "the mean colour alone",
    "raw_pixels": "a few raw pixels, without any network",
}
_WORDNET = re.compile(r"n\d{8}")
# Share of the calibration gap on one side from which the title names a direction; not tuned.
_ONE_SIDED = 0.8
_FEW = "fewer than five"
_MOST_FEW = 100


@dataclass(frozen=True, kw_only=True)
class Note:
    """Note on the reliability of a report's metrics, which may be a warning."""

    title: str
    text: str
    warning: bool = False


def sentences(metrics: "Metrics") -> list[str]:
    """Summarise the accuracies and the accept policy in a sentence each.

    Missing metrics get no sentence.
    """
    found = [
        _leak_free_sentence(metrics),
        describe_unlike(metrics),
        _random_split_sentence(metrics),
        _policy_sentence(metrics),
    ]
    return [sentence for sentence in found if sentence]


def _leak_free_sentence(metrics: "Metrics") -> str:
    accuracy = metrics.accuracy.leak_free
    if accuracy.value is None:
        return "The accuracy could not be measured: no pictures are independent of the training pictures."
    subject = "this classifier" if accuracy.estimates == "bundle" else "a classifier trained this way"
    ends = (
        f"{INTERVAL_LEVEL} interval {percent_interval(accuracy)}"
        if accuracy.low is not None
        else "too few independent pictures for an interval"
    )
    return (
        f"On pictures that share no copy, burst or video with its training pictures, {subject} "
        f"is correct {percent(accuracy.value)} of the time ({ends}).{_pessimism(accuracy)}"
    )


def _pessimism(accuracy: "LeakFreeAccuracy") -> str:
    if not accuracy.few_groups:
        return ""
    few, classes = len(accuracy.few_groups), accuracy.classes
    which = "every class" if few == classes else f"{count(few)} of {plural(classes or few, 'class', 'classes')}"
    return f" This is pessimistic for {which}: {_FEW} independent groups of pictures were found of each."


def _random_split_sentence(metrics: "Metrics") -> str:
    random_split, difference = metrics.accuracy.random_split, metrics.accuracy.difference
    if random_split.value is None:
        return ""
    claim = f"An ordinary random split would have reported {percent(random_split.value)}"
    value, low, high = difference.value, difference.low, difference.high
    if value is None:
        return f"{claim}."
    if low is None or high is None:
        return (
            f"{claim}, {percentage_points(value)} points on the same pictures; there are too few groups "
            "to tell this from chance."
        )
    shared = difference.pictures
    where = f" on the {plural(shared, 'picture')} in both tests" if shared else ""
    measured = (
        f"{percentage_points(value)} points{where} "
        f"({INTERVAL_LEVEL} interval {percentage_points(low)} to {percentage_points(high)})"
    )
    if low > 0:
        return f"{claim}{_cause(metrics.accuracy.leak_free, measured)}"
    if high < 0:
        return f"{claim}; {measured}: leaks did not inflate the accuracy here."
    return f"{claim}; the difference of {measured} may be chance."


def _cause(accuracy: "LeakFreeAccuracy", measured: str) -> str:
    """State why a random split reports more than a leak-free one, as far as that is known."""
    if not accuracy.few_groups:
        return f": {measured}, because it tests on near-duplicates of training pictures."
    return (
        f"; {measured}. How much of that is due to near-duplicates cannot be told, as classes of {_FEW} groups are "
        "tested without a large part of them."
    )


def _policy_sentence(metrics: "Metrics") -> str:
    policy = metrics.policy
    if "policy" in metrics.missing:
        return ""
    if policy is None:
        return "Every prediction is for a person to confirm: no error limit was set."
    limit = percent(policy.max_error, digits=0)
    if policy.t_accept is None:
        more = ""
        if exceeds_error_limit(policy):
            more = f": {count(policy.wrong)} of {count(policy.groups)} independent groups tested had an error"
            if (policy.picture_error or 0) > (policy.max_error or 0):
                more += f", and {percent(policy.picture_error)} of the pictures were wrong"
        elif needed := policy.needed:
            more = f": that takes at least {plural(needed, 'more independent picture')}"
        offer = f" At {percent(policy.offered.risk, digits=0)} it can." if policy.offered else ""
        return f"No prediction can be accepted without review yet if at most {limit} may be wrong{more}.{offer}"
    found = f"The strictest error limit that holds is {limit}. " if policy.auto else ""
    unlike = metrics.accuracy.unlike
    only = " This was earned on pictures with look-alikes among the learned ones." if unlike and unlike.alarm else ""
    wrong = f"an estimated {limit} or fewer" if policy.basis == "cross-fitted" else f"at most {limit}"
    return (
        f"{found}Of 100 pictures like these, {percent(policy.share, digits=0).removesuffix(f'{NBSP}%')} can be "
        f"accepted without review: of independent groups among them, {wrong} have an error. A person reviews the "
        f"others.{only}"
    )


def equal_baselines(metrics: "Metrics") -> list[str]:
    """Return the baselines whose upper bound reaches the leak-free accuracy.

    Without an upper bound, the value is compared.
    """
    accuracy = metrics.accuracy.leak_free.value
    if accuracy is None:
        return []
    reach = {
        name: baseline.value if baseline.high is None else baseline.high for name, baseline in metrics.baselines.items()
    }
    return [name for name, high in reach.items() if high is not None and high >= accuracy]


def notes(metrics: "Metrics", run: Mapping[str, Any], labels: Sequence[str]) -> list[Note]:
    """Return notes on the reliability of the metrics, warnings first."""
    found = [
        _baseline_note(metrics),
        constant_note(metrics),
        _pretraining_note(run, labels),
        _method_note(metrics),
        _fixes_note(metrics.fixes),
        _unevaluated_note(metrics),
        _few_groups_note(metrics),
        calibration_note(metrics),
    ]
    return sorted((note for note in found if note), key=lambda note: not note.warning)


def _fixes_note(fixes: "FixMetrics | None") -> Note | None:
    if fixes is None or not (fixes.relabelled or fixes.dropped):
        return None
    changed = join_names(
        [f"{plural(fixes.relabelled, 'label')} changed", f"{plural(fixes.dropped, 'picture')} dropped"]
    )
    before = fixes.accuracy_before.value
    compared = (
        f" Against the original labels, the same predictions are correct {percent(before)} of the time."
        if before
        else ""
    )
    return Note(
        title="Your fixes changed the test labels",
        text=f"{changed[:1].upper()}{changed[1:]} by fixes.csv.{compared} "
        "The difference is due to the labels, not to a better model.",
    )


def _baseline_note(metrics: "Metrics") -> Note | None:
    equal = equal_baselines(metrics)
    if equal:
        names = join_names([BASELINE_NAMES.get(name, name) for name in equal])
        return Note(
            title="A far simpler method does as well",
            text=f"On the same pictures, {names} cannot be told apart from this classifier. Either the task is easy, "
            "or something other than the subject (background, lighting, camera) reveals the class.",
            warning=True,
        )
    baselines = metrics.baselines
    best = max(baselines, key=lambda name: baselines[name].value or 0.0, default=None)
    if best is None:
        return None
    return Note(
        title="Simpler methods do worse",
        text=f"The best of them, {BASELINE_NAMES.get(best, best)}, is correct {percent(baselines[best].value)} "
        "of the time.",
    )


def _pretraining_note(run: Mapping[str, Any], labels: Sequence[str]) -> Note | None:
    dataset = nested(run, "backbone").get("pretraining")
    if not dataset:
        return None
    source = f"The backbone was pretrained on {dataset}."
    if labels and sum(bool(_WORDNET.fullmatch(label)) for label in labels) > len(labels) / 2:
        return Note(
            title="The backbone has probably been trained on these very pictures",
            text=f"{source} The class names here are those of ImageNet, so the accuracy on new pictures will be lower.",
            warning=True,
        )
    return Note(
        title="Data that the backbone was pretrained on",
        text=f"{source} If your pictures come from there, the accuracy on new pictures will be lower.",
    )


def _method_note(metrics: "Metrics") -> Note | None:
    split = metrics.split
    if split.method is None:
        return None
    if split.method == "test-part":
        title = "The model itself was evaluated"
        text = "It was evaluated once, on the test part, which was not used to train it."
    else:
        title = "Evaluated by cross-validation, then trained on everything"
        text = (
            "Each fold of the pictures was predicted by a model trained on the other folds. The model in the "
            "bundle was trained on all of them, so it is likely to be slightly more accurate than stated."
        )
    reason, leaks = (split.reason or "").strip(), split.leaks or 0
    were = "was" if leaks == 1 else "were"
    left_out = f" {plural(leaks, 'picture')} that would have leaked {were} left out of training." if leaks else ""
    return Note(title=title, text=f"{text} {reason}{left_out}".strip())


def _unevaluated_note(metrics: "Metrics") -> Note | None:
    names = [DisplayNames.from_metrics(metrics.names).text(label) for label in metrics.split.unevaluated]
    if not names:
        return None
    evaluated = metrics.accuracy.leak_free.classes
    rest = f" The metrics cover the other {count(evaluated)} classes." if evaluated else ""
    return Note(
        title=f"{plural(len(names), 'class', 'classes')} could not be evaluated",
        text=f"{join_names(names)}: all pictures belong together (one video, one object), so none is independent of "
        f"the rest. The model can predict them, but how well is unknown.{rest} Take pictures of a second object, "
        "or film it again in another place.",
        warning=True,
    )


def _few_groups_note(metrics: "Metrics") -> Note | None:
    accuracy, names = metrics.accuracy.leak_free, DisplayNames.from_metrics(metrics.names)
    if not accuracy.few_groups:
        return None
    found = [f"{names.text(label)} ({groups})" for label, groups in accuracy.few_groups.items()]
    reason = (
        "a part of them was kept for testing, so the model was trained on fewer"
        if accuracy.estimates == "bundle"
        else "each was tested by a model that lacked a quarter to a half of its groups, while the model in the bundle "
        "was trained on all of them"
    )
    return Note(
        title=f"The accuracy is pessimistic for {plural(len(found), 'class', 'classes')} of {_FEW} groups",
        text=f"Independent groups by class: {join_names(found, most=_MOST_FEW)}. Where there are so few videos, bursts "
        f"or objects, {reason}. The difference from a random split is then not the size of a leak.",
        warning=True,
    )


def constant_note(metrics: "Metrics") -> Note | None:
    """Return a warning if predicted numbers are not closer to the truth than one constant answer, else None."""
    counts, names = metrics.counts, DisplayNames.from_metrics(metrics.names)
    value = None if counts is None else counts.gain.value
    if counts is None or value is None:
        return None
    gain, answer = counts.gain, f"“{names.text(counts.constant or '')}”"
    errors = (
        f"The predicted numbers are off by {two_decimals(counts.mae.value)} on average; always answering {answer} is "
        f"off by {two_decimals(counts.constant_mae.value)}."
    )
    if gain.high is not None and gain.high < 0:
        return Note(title=f"Always answering {answer} is better", text=errors, warning=True)
    if value <= 0:
        return Note(title=f"No better than always answering {answer}", text=errors, warning=True)
    if gain.low is not None and gain.low <= 0:
        text = f"{errors} The difference may be chance."
        return Note(title=f"Perhaps no better than always answering {answer}", text=text, warning=True)
    return None


def calibration_note(metrics: "Metrics") -> Note | None:
    """Return a note on the calibration error, which is a warning if chance does not explain it."""
    value, chance = metrics.ece.value, metrics.ece.null95
    if value is None or chance is None:
        return None
    if value <= chance:
        return Note(
            title="The confidence is well calibrated",
            text=f"Stated confidence and the share of correct predictions differ by {percent(value)} on average; "
            f"for a perfectly calibrated model, {chance_level(metrics.ece)}.",
        )
    return Note(
        title=_miscalibration(metrics.classification.calibration.bins if metrics.classification else ()),
        text=f"Stated confidence and the share of correct predictions differ by {percent(value)} on average, more "
        f"than chance explains ({chance_level(metrics.ece)}). Look at the curve below before you set rules by "
        "the confidence.",
        warning=True,
    )


def _miscalibration(bins: Sequence["ReliabilityBin"]) -> str:
    """Describe the direction of miscalibration if one side accounts for nearly all of the error."""
    gaps = [each.pictures * (each.accuracy - each.confidence) for each in bins]
    lean = sum(gaps) / max(sum(map(abs, gaps)), 1e-12)
    if lean > _ONE_SIDED:
        return "The model is underconfident"
    return "The model is overconfident" if lean < -_ONE_SIDED else "The confidence is miscalibrated"
