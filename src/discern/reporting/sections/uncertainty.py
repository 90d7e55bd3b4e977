"""Whether it knows what it knows: sets of labels, and pictures of none of the classes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from discern.reporting.charts import interval_track
from discern.reporting.formatting import count, ends, interval, percent, plural, steps

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.evaluating import Interval, Metrics, NegativeMetrics


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One share with its interval on a track; `goal` is what it should reach, in words."""

    name: str
    value: str
    ends: str
    track: "Markup"
    meaning: str = ""


@dataclass(frozen=True, kw_only=True)
class PredictionSets:
    """The section on sets of labels; the classes least covered come first."""

    asked: str
    verdict: str
    guaranteed: bool
    rows: tuple[Measured, ...]
    size: str
    size_ends: str
    classes: tuple[tuple[str, Measured], ...]


@dataclass(frozen=True, kw_only=True)
class UnknownDetection:
    """The section on pictures of none of the classes: how they were used, and what came of it."""

    told: str
    rows: tuple[Measured, ...]


def describe_sets(metrics: "Metrics") -> PredictionSets | None:
    """The section, or None where no sets were asked for."""
    sets = metrics.conformal
    if sets is None or sets.target is None or sets.coverage.value is None:
        return None
    asked, coverage, single, size = sets.target, sets.coverage, sets.single, sets.size
    rows = [_measured("The right class is in the set", coverage, mark=asked, kind="ours")]
    if single.value is not None:
        rows.append(_measured("The set is one class alone", single, kind="plain"))
    judged = [each for each in sets.per_class if each.coverage.value is not None]
    return PredictionSets(
        asked=percent(asked, digits=0),
        verdict=_covered(coverage, asked),
        guaranteed=bool(sets.guaranteed),
        rows=tuple(rows),
        size=steps(size.value),
        size_ends=ends(size) if size.low is not None else "",
        classes=tuple(
            (each.label, _measured("", each.coverage, mark=asked, kind="ours"))
            for each in sorted(judged, key=lambda each: each.coverage.value or 0.0)
        ),
    )


def coverage_by_class(metrics: "Metrics") -> "dict[str, Interval]":
    """How often each class's pictures have it in their set, as intervals by label."""
    return {each.label: each.coverage for each in metrics.conformal.per_class} if metrics.conformal else {}


def _covered(coverage: "Interval", asked: float) -> str:
    if coverage.value is None or coverage.low is None or coverage.high is None:
        return "There are too few independent pictures to say whether it holds."
    if coverage.high < asked:
        return "It holds less often than asked: do not rely on the sets."
    return "It holds as often as asked." if coverage.value >= asked else "It holds as asked, within chance."


def describe_unknown_detection(metrics: "Metrics") -> UnknownDetection | None:
    """The section, or None where no pictures of none of the classes were given."""
    measured = metrics.negatives
    if measured is None or (measured.rejected.value is None and measured.kept.value is None):
        return None
    named = (
        ("Strangers turned away", measured.rejected, "ours", "pictures of none of the classes that it calls unknown"),
        ("Strangers accepted", measured.accepted, "plain", "these got a label that nobody would have looked at"),
        ("Known pictures let in", measured.kept, "ours", "pictures of its classes that it does not call unknown"),
        (
            "Told apart (AUROC)",
            measured.auroc,
            "plain",
            "how often a stranger looks stranger than a known picture; 50 % is luck",
        ),
    )
    return UnknownDetection(
        told=_used(measured),
        rows=tuple(
            _measured(name, share, kind=kind, meaning=meaning)
            for name, share, kind, meaning in named
            if share.value is not None
        ),
    )


def _used(measured: "NegativeMetrics") -> str:
    negatives, tuned, scored = (each or 0 for each in (measured.negatives, measured.tuned, measured.scored))
    given = f"{plural(negatives, 'picture')} of none of the classes {'was' if negatives == 1 else 'were'} given"
    if tuned + scored > negatives:
        return f"{given}; each was tried by a line that was set without it."
    return f"{given}: {count(tuned)} set the line, the other {count(scored)} tried it."


def _measured(name: str, share: "Interval", *, kind: str, mark: float | None = None, meaning: str = "") -> Measured:
    return Measured(
        name=name,
        value=percent(share.value),
        ends=interval(share),
        track=interval_track(share, kind=kind, mark=mark),
        meaning=meaning,
    )
