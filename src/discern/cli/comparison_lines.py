"""Lines of text on the comparison of training runs."""

from collections.abc import Iterator
from typing import Any

from discern.cli.metric_lines import align, short_interval, shorten_label

_HEAD = (
    "run",
    "accuracy",
    "validation",
    "macro-F1",
    "MAE",
    "ECE",
    "ms",
    "weights",
    "mult-adds",
    "MB",
    "USD",
    "training",
)


def describe_comparison(value: dict[str, Any]) -> Iterator[str]:
    """Format a `CompareResult` as lines of text."""
    names = {row["run"]: row["name"] for row in value["rows"]}
    rows = value["rows"]
    yield f"{len(rows)} runs on the same {value['pictures']:,} pictures"
    yield from align([_HEAD, *map(_row, rows)])
    cost = rows[0]["cost"]
    yield f"USD: a month at {cost['per_day']:,.0f} answers a day by {cost['target']}, prices of {cost['prices_as_of']}"
    if any(row["cached_pictures"] for row in rows):
        yield "cached: the time of features from the cache is estimated"
    yield from (f"no model of {each['name']}: {each['reason']}" for each in value["failed"])
    if any(row["gate"] for row in rows):
        yield "pictures of none of the classes:"
        yield from align([("run", "AUROC", "kept", "rejected"), *map(_gate, rows)])
    yield "paired differences in accuracy, with p adjusted for their number:"
    yield from (f"  {names[pair['a']]} minus {names[pair['b']]}: {_difference(pair)}" for pair in value["pairs"])
    for pair in value["pairs"]:
        yield from _classes(pair, names)
    yield from (f"note: {note}" for note in value["notes"])
    yield value["recommended"]["why"]
    if value["page"]:
        yield f"page: {value['page']}"


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        row["name"],
        short_interval(row["accuracy"]),
        _number((row["validation_accuracy"] or {}).get("value"), 3),
        _number(row["macro_f1"], 3),
        _number(row["mae"], 2),
        _number(row["ece"], 3),
        _number(row["ms_per_picture"], 1),
        f"{row['parameters'] / 1e6:.1f} million",
        f"{row['multiply_adds'] / 1e6:,.0f} million",
        _number(row["megabytes"], 1),
        _number(row["cost"]["per_month"], 2),
        f"{row['train_seconds']:.0f} s{' (cached)' if row['cached_pictures'] else ''}",
    )


def _gate(row: dict[str, Any]) -> tuple[str, ...]:
    gate = row["gate"] or {}
    return row["name"], *(short_interval(gate[name]) if gate else "-" for name in ("auroc", "kept", "rejected"))


def _difference(pair: dict[str, Any]) -> str:
    points, p = _points(pair["difference"]), pair["p"]
    return points if p is None else f"{points}, p = {p:.3g}, {'more than noise' if pair['clear'] else 'within noise'}"


def _classes(pair: dict[str, Any], names: dict[str, str]) -> Iterator[str]:
    for label, each in pair["per_class"].items():
        if each["clear"]:
            a, b = names[pair["a"]], names[pair["b"]]
            yield f"  {shorten_label(label)}, recall of {a} minus {b}: {_points(each)}"


def _points(difference: dict[str, Any]) -> str:
    from discern.evaluating import Interval, describe_points  # the command line starts without NumPy

    ends = {name: difference[name] for name in ("value", "low", "high")}
    return describe_points(Interval(**ends, note="too few groups for an interval"))


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
