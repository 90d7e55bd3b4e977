"""Whether it knows what it knows: sets of labels, and pictures of none of the classes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from discern.reporting.charts import interval_track
from discern.reporting.formatting import count, ends, interval, part, percent, plural, steps

if TYPE_CHECKING:
    from markupsafe import Markup


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


def describe_sets(metrics: Mapping[str, Any]) -> PredictionSets | None:
    """The section, or None where no sets were asked for."""
    facts = part(metrics, "conformal")
    asked, coverage = facts.get("asked"), part(facts, "coverage")
    if asked is None or coverage.get("value") is None:
        return None
    single, size = part(facts, "single"), part(facts, "size")
    rows = [_measured("The right class is in the set", coverage, mark=asked, kind="ours")]
    if single.get("value") is not None:
        rows.append(_measured("The set is one class alone", single, kind="plain"))
    judged = [each for each in facts.get("per_class") or [] if part(each, "coverage").get("value") is not None]
    return PredictionSets(
        asked=percent(asked, digits=0),
        verdict=_covered(coverage, asked),
        guaranteed=bool(facts.get("guaranteed")),
        rows=tuple(rows),
        size=steps(size.get("value")),
        size_ends=ends(size) if size.get("low") is not None else "",
        classes=tuple(
            (str(each["label"]), _measured("", each["coverage"], mark=asked, kind="ours"))
            for each in sorted(judged, key=lambda each: each["coverage"]["value"])
        ),
    )


def coverage_by_class(metrics: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """How often each class's pictures have it in their set, as intervals by label."""
    rows = part(metrics, "conformal").get("per_class") or []
    return {str(each["label"]): part(each, "coverage") for each in rows}


def _covered(coverage: Mapping[str, Any], asked: float) -> str:
    low, high = coverage.get("low"), coverage.get("high")
    if low is None or high is None:
        return "There are too few independent pictures to say whether it holds."
    if high < asked:
        return "It holds less often than asked: do not rely on the sets."
    return "It holds as often as asked." if coverage["value"] >= asked else "It holds as asked, within chance."


def describe_unknown_detection(metrics: Mapping[str, Any]) -> UnknownDetection | None:
    """The section, or None where no pictures of none of the classes were given."""
    facts = part(metrics, "gate")
    kept, rejected, auroc = (part(facts, name) for name in ("kept", "rejected", "auroc"))
    if rejected.get("value") is None and kept.get("value") is None:
        return None
    named = (
        ("Strangers turned away", rejected, "ours", "pictures of none of the classes that it calls unknown"),
        ("Strangers accepted", part(facts, "accepted"), "plain", "these got a label that nobody would have looked at"),
        ("Known pictures let in", kept, "ours", "pictures of its classes that it does not call unknown"),
        (
            "Told apart (AUROC)",
            auroc,
            "plain",
            "how often a stranger looks stranger than a known picture; 50 % is luck",
        ),
    )
    return UnknownDetection(
        told=_used(facts),
        rows=tuple(
            _measured(name, figure, kind=kind, meaning=meaning)
            for name, figure, kind, meaning in named
            if figure.get("value") is not None
        ),
    )


def _used(facts: Mapping[str, Any]) -> str:
    negatives, tuned, scored = (facts.get(name) or 0 for name in ("negatives", "tuned", "scored"))
    given = f"{plural(negatives, 'picture')} of none of the classes {'was' if negatives == 1 else 'were'} given"
    if tuned + scored > negatives:
        return f"{given}; each was tried by a line that was set without it."
    return f"{given}: {count(tuned)} set the line, the other {count(scored)} tried it."


def _measured(
    name: str, figure: Mapping[str, Any], *, kind: str, mark: float | None = None, meaning: str = ""
) -> Measured:
    return Measured(
        name=name,
        value=percent(figure["value"]),
        ends=interval(figure),
        track=interval_track(figure, kind=kind, mark=mark),
        meaning=meaning,
    )
