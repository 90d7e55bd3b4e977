"""The verdict in three plain sentences, and the notes that keep a reader from believing too much."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from discern.reporting.display_names import Names
from discern.reporting.formatting import NARROW, count, errs_too_often, interval, listed, part, percent, plural, points

if TYPE_CHECKING:
    from discern.evaluating import FixMetrics, LeakFreeAccuracy, Metrics, ReliabilityBin

CERTAIN = percent(0.95, digits=0)
BASELINES = {
    "majority": "always the most frequent class",
    "mean_colour": "the mean colour alone",
    "raw_pixels": "a few raw pixels, without any network",
}
_WORDNET = re.compile(r"n\d{8}")
_ONE_WAY = 0.8


@dataclass(frozen=True, kw_only=True)
class Note:
    """One thing to know; a `warning` means that the figures may not hold."""

    title: str
    text: str
    warning: bool = False


def sentences(metrics: "Metrics") -> list[str]:
    """How good it is; what a naive split would have claimed; how much work it takes over.

    Args:
        metrics: a run's metrics; missing parts are not spoken of.
    """
    told = [_how_good(metrics.accuracy.leak_free), _what_naive_claims(metrics), _how_much_work(metrics)]
    return [sentence for sentence in told if sentence]


def _how_good(accuracy: "LeakFreeAccuracy") -> str:
    if accuracy.value is None:
        return "How good this classifier is could not be measured: there was nothing independent to judge it by."
    subject = "this classifier" if accuracy.estimates == "bundle" else "a classifier made this way"
    ends = (
        f"{CERTAIN} interval {interval(accuracy)}"
        if accuracy.low is not None
        else "there are too few independent pictures to say how far that may be off"
    )
    return (
        f"Shown pictures that share no copy, burst or film with anything it learned from, {subject} "
        f"is right {percent(accuracy.value)} of the time ({ends})."
    )


def _what_naive_claims(metrics: "Metrics") -> str:
    naive, difference = metrics.accuracy.random_split, metrics.accuracy.difference
    if naive.value is None:
        return ""
    claim = f"The usual random split would have claimed {percent(naive.value)}"
    gain, low, high = difference.value, difference.low, difference.high
    if gain is None:
        return f"{claim}."
    if low is None or high is None:
        return (
            f"{claim}, {points(gain)} points on the same pictures; there are too few groups to call that a difference."
        )
    both = difference.pictures
    where = f" on the {plural(both, 'picture')} that both answered" if both else ""
    measured = f"{points(gain)} points{where} ({CERTAIN} interval {points(low)} to {points(high)})"
    if low > 0:
        return f"{claim}: {measured}, because it is tested on pictures that it has as good as seen."
    if high < 0:
        return f"{claim}; {measured}: nothing was gained here by leaks."
    return f"{claim}; the difference of {measured} may be chance."


def _how_much_work(metrics: "Metrics") -> str:
    policy = metrics.policy
    if "policy" in metrics.missing:
        return ""
    if policy is None:
        return "Every answer is for a person to confirm: no promise about errors was asked for."
    asked = percent(policy.max_error, digits=0)
    if policy.t_accept is None:
        more = ""
        if errs_too_often(policy):
            more = f": {count(policy.wrong)} of the {count(policy.groups)} surest independent ones were wrong"
        elif needed := policy.needed:
            more = f": that takes at least {plural(needed, 'more independent picture')}"
        return f"No answer may stand without a person yet, if at most {asked} of them are to be wrong{more}."
    wrong = f"an estimated {asked} or fewer" if policy.basis == "cross-fitted" else f"at most {asked}"
    return (
        f"Of 100 pictures like these, {percent(policy.share, digits=0).removesuffix(f'{NARROW}%')} can be "
        f"answered without a person, {wrong} of them wrongly; the others wait for one."
    )


def equal_baselines(metrics: "Metrics") -> list[str]:
    """The baselines whose interval (or value, without one) reaches the leak-free accuracy."""
    ours = metrics.accuracy.leak_free.value
    if ours is None:
        return []
    reach = {
        name: accuracy.value if accuracy.high is None else accuracy.high for name, accuracy in metrics.baselines.items()
    }
    return [name for name, high in reach.items() if high is not None and high >= ours]


def notes(metrics: "Metrics", run: Mapping[str, Any], labels: Sequence[str]) -> list[Note]:
    """What else a reader must know before relying on the figures; warnings first."""
    told = [
        _baselines(metrics),
        _pretraining(run, labels),
        _method(metrics),
        _fixes(metrics.fixes),
        _unjudged(metrics),
        _calibration(metrics),
    ]
    return sorted((note for note in told if note), key=lambda note: not note.warning)


def _fixes(fixes: "FixMetrics | None") -> Note | None:
    if fixes is None or not (fixes.relabelled or fixes.dropped):
        return None
    changed = listed([f"{plural(fixes.relabelled, 'label')} changed", f"{plural(fixes.dropped, 'picture')} left out"])
    before = fixes.accuracy_before.value
    told = (
        f" Judged by the labels as they came, the same answers are right {percent(before)} of the time."
        if before
        else ""
    )
    return Note(
        title="Your fixes changed what it is judged by",
        text=f"{changed[:1].upper()}{changed[1:]} by fixes.csv.{told} The gain is the labels', not the model's.",
    )


def _baselines(metrics: "Metrics") -> Note | None:
    rivals = equal_baselines(metrics)
    if rivals:
        names = listed([BASELINES.get(name, name) for name in rivals])
        return Note(
            title="A far simpler method does as well",
            text=f"On the same pictures, {names} comes as close as can be told apart. Either the task is easy, or "
            "something beside the subject (background, lighting, camera) gives the class away.",
            warning=True,
        )
    baselines = metrics.baselines
    best = max(baselines, key=lambda name: baselines[name].value or 0.0, default=None)
    if best is None:
        return None
    return Note(
        title="Simpler methods do not reach it",
        text=f"The best, {BASELINES.get(best, best)}, is right {percent(baselines[best].value)} of the time.",
    )


def _pretraining(run: Mapping[str, Any], labels: Sequence[str]) -> Note | None:
    learned_from = part(run, "backbone").get("pretraining")
    if not learned_from:
        return None
    told = f"The network beneath was trained before on: {learned_from}."
    if labels and sum(bool(_WORDNET.fullmatch(label)) for label in labels) > len(labels) / 2:
        return Note(
            title="The network beneath has probably seen these very pictures",
            text=f"{told} The class names here are ImageNet's own, so these figures are too good to be carried over "
            "to new pictures.",
            warning=True,
        )
    return Note(
        title="What the network beneath has seen",
        text=f"{told} If your pictures were taken from there, the figures are too good.",
    )


def _method(metrics: "Metrics") -> Note | None:
    split = metrics.split
    if split.method is None:
        return None
    if split.method == "test-part":
        title, text = "This very model was judged", "It was judged once, on the test part, which it was not made with."
    else:
        title = "The recipe was judged, then the model was made from everything"
        text = (
            "Each fold of the pictures was answered by a model that had learned from the rest. The model in the "
            "bundle learned from all of them, so it is likely to be a little better than the figure."
        )
    reason, leaks = (split.reason or "").strip(), split.leaks or 0
    kept_out = f" {plural(leaks, 'picture')} that would have leaked did not take part in learning." if leaks else ""
    return Note(title=title, text=f"{text} {reason}{kept_out}".strip())


def _unjudged(metrics: "Metrics") -> Note | None:
    names = [Names.of(metrics.names).say(label) for label in metrics.split.unevaluated]
    if not names:
        return None
    judged = metrics.accuracy.leak_free.classes
    rest = f" The figures are over the other {count(judged)} classes." if judged else ""
    return Note(
        title=f"{plural(len(names), 'class', 'classes')} could not be judged",
        text=f"{listed(names)}: all pictures belong together (one film, one object), so none is independent of the "
        f"rest. The model knows them, but nobody can say how well.{rest} Pictures of a second object mend that.",
        warning=True,
    )


def _calibration(metrics: "Metrics") -> Note | None:
    value, chance = metrics.ece.value, metrics.ece.null95
    if value is None or chance is None:
        return None
    if value <= chance:
        return Note(
            title="Its confidence can be taken at its word",
            text=f"Stated confidence and the share that is right differ by {percent(value)} on average; chance alone "
            f"gives up to {percent(chance)} for a perfectly honest model.",
        )
    return Note(
        title=_off(metrics.classification.calibration.bins if metrics.classification else ()),
        text=f"Stated confidence and the share that is right differ by {percent(value)} on average, more than chance "
        f"explains ({percent(chance)}). Do not set rules by the confidence without looking at the curve below.",
        warning=True,
    )


def _off(bins: Sequence["ReliabilityBin"]) -> str:
    """Which way stated confidence errs, where nearly all of the gap lies on one side."""
    gaps = [each.pictures * (each.accuracy - each.confidence) for each in bins]
    lean = sum(gaps) / max(sum(map(abs, gaps)), 1e-12)
    if lean > _ONE_WAY:
        return "It is right more often than it says"
    return "It is right less often than it says" if lean < -_ONE_WAY else "Its confidence is off"
