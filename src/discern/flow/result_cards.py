"""Cards with which a notebook shows the results of the workflows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from discern.display.html_card import WARM, HtmlCard
from discern.evaluating import Interval
from discern.reporting.formatting import (
    count,
    join_names,
    percent,
    percent_interval,
    percentage_points,
    plural,
    two_decimals,
)

_MOST_CLASSES = 12
_ACCURACIES = {
    "leak_free": "leak-free accuracy",
    "unlike": "accuracy on unlike pictures",
    "naive": "random-split accuracy",
    "given": "accuracy on given parts",
}
_METRICS = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "macro_f1": "macro F1"}


def train_card(
    value: Mapping[str, Any], *, counts: Mapping[str, float | None] | None, hints: Sequence[str]
) -> HtmlCard:
    """Build the card of a training run: accuracies with their intervals, the accept policy and the files.

    Args:
        value: JSON values of the result.
        counts: errors of predicted numbers; None if a label is not a number.
        hints: sentences for the user.
    """
    accuracy = {name: value["accuracy"].get(key) for key, name in _ACCURACIES.items()}
    card = HtmlCard("Discern · training", Path(value["run"]).name)
    card.bars(_shares({name: each for name, each in accuracy.items() if each is not None}))
    if value["policy"] is not None:
        card.text(value["policy"]["sentence"])
    card.facts(
        [
            *_number_errors(counts),
            ("pictures", ", ".join(f"{count(number)} {name}" for name, number in value["pictures"].items())),
            ("classes", _classes(value["classes"])),
            ("report", Path(value["report"])),
            ("bundle", Path(value["bundle"])),
        ]
    )
    for hint in hints:
        card.text(hint)
    return card


def check_card(value: Mapping[str, Any], *, notes: Sequence[str]) -> HtmlCard:
    """Build the card of a check: the findings and the files.

    Args:
        value: JSON values of the result.
        notes: sentences for the user.
    """
    found = {name.replace("_", " "): number for name, number in value["findings"].items() if number}
    card = HtmlCard("Discern · data check", Path(value["run"]).name)
    card.text(f"{plural(sum(found.values()), 'finding')} in {plural(value['pictures'], 'picture')}", strong=True)
    most = max(found.values(), default=1)
    card.bars([(name, number / most, count(number)) for name, number in found.items()], colour=WARM)
    card.facts(
        [
            ("classes", _classes(value["classes"])),
            ("files left out", count(sum(value["left_out"].values()))),
            *((name, Path(value[name])) for name in ("page", "fixes", "plots") if name in value),
        ]
    )
    for note in notes:
        card.text(note)
    return card


def evaluate_card(value: Mapping[str, Any]) -> HtmlCard:
    """Build the card of an evaluation: the metrics, the classes of the lowest recall first, and the other models.

    Args:
        value: JSON values of the result.
    """
    pictures = f"{plural(value['pictures'], 'picture')} of {plural(value['classes'], 'class', 'classes')}"
    card = HtmlCard("Discern · evaluation", pictures)
    card.bars(_shares({name: value[key] for key, name in _METRICS.items()}))
    card.facts(_number_errors(value["counts"]))
    judged = [each for each in value["per_class"] if each["recall"]["value"] is not None]
    card.table(
        ("class", "pictures", "recall", "precision", "F1"),
        [
            (
                each["label"],
                count(each["support"]),
                percent(each["recall"]["value"]),
                percent(each["precision"]),
                two_decimals(each["f1"]),
            )
            for each in sorted(judged, key=lambda each: float(each["recall"]["value"]))
        ],
    )
    for other in value["against"]:
        difference, low, high = (percentage_points(other["difference"][key]) for key in ("value", "low", "high"))
        card.text(f"Accuracy minus that of {other['of']}: {difference} percentage points ({low} to {high})")
    page = [] if value["page"] is None else [("page", Path(value["page"]))]
    return card.facts([("model", value["of"]), *page])


def _shares(metrics: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, float, str]]:
    """Return the rows of the metrics that are defined, with their intervals."""
    rows = []
    for name, each in metrics.items():
        if each["value"] is not None:
            interval = Interval(value=each["value"], low=each["low"], high=each["high"])
            rows.append((name, each["value"], f"{percent(each['value'])} ({percent_interval(interval)})"))
    return rows


def _number_errors(counts: Mapping[str, float | None] | None) -> list[tuple[str, object]]:
    if counts is None or counts.get("mae") is None:
        return []
    constant = two_decimals(counts.get("constant_mae"))
    return [("mean error of the numbers", f"{two_decimals(counts['mae'])} (best constant answer: {constant})")]


def _classes(classes: Mapping[str, int]) -> str:
    named = [f"{label} {count(number)}" for label, number in classes.items()]
    return f"{len(named)}: {join_names(named, most=_MOST_CLASSES)}" if named else "none"
