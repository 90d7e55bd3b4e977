"""Functions that format metrics and tables of metrics as lines of text."""

from collections.abc import Iterator, Sequence
from typing import Any

MOST_CLASSES = 20
_LONGEST_LABEL = 40


def format_interval(metric: dict[str, Any]) -> str:
    """Format a metric with its interval.

    >>> format_interval({"value": 0.5, "low": 0.4, "high": 0.6})
    '0.500 (0.400 to 0.600)'
    """
    if metric["value"] is None:
        return "-"
    if metric["low"] is None:
        return f"{metric['value']:.3f} (too few pictures for an interval)"
    return f"{metric['value']:.3f} ({metric['low']:.3f} to {metric['high']:.3f})"


def format_rate(value: dict[str, Any], name: str, rate: float) -> str:
    """Format a rate in percent, with its interval if there is one."""
    interval = value.get("intervals", {}).get(name) or {}
    low, high = interval.get("low"), interval.get("high")
    return f"{rate:.1%}" if low is None or high is None else f"{rate:.1%} ({low:.1%} to {high:.1%})"


def format_calibration(ece: dict[str, Any]) -> str:
    """Format a calibration error with its interval and what chance alone gives."""
    mean, most = ece.get("chance"), ece.get("null95")
    levels = [f"{mean:.3f} on average"] if mean is not None else []
    levels += [f"up to {most:.3f}"] if most is not None else []
    return format_interval(ece) + (f"; by chance alone {', '.join(levels)}" if levels else "")


def describe_numbers(counts: dict[str, float], gain: dict[str, Any] | None = None) -> str:
    """Describe the errors of predicted numbers beside those of the best constant answer.

    Args:
        counts: `mae`, `rmse`, `within_one` and `constant_mae`.
        gain: the difference to the constant answer with its interval, if it is known.
    """
    errors = (
        f"{counts['mae']:.3f} on average (one constant answer: {counts['constant_mae']:.3f}), root mean square "
        f"{counts['rmse']:.3f}, at most 1 off: {counts['within_one']:.1%}"
    )
    if counts["mae"] >= counts["constant_mae"]:
        return f"{errors}. NO BETTER THAN A CONSTANT ANSWER"
    if gain is not None and gain["low"] is not None and gain["low"] <= 0:
        return f"{errors}. PERHAPS NO BETTER THAN A CONSTANT ANSWER"
    return errors


def class_table(classes: Sequence[dict[str, Any]], *, page: str | None) -> Iterator[str]:
    """Format the metrics of each class that occurs as a table, those of the lowest F1 first.

    Args:
        classes: the metrics, as in `per_class`.
        page: page that has all classes, if there is one.
    """
    measured = sorted((each for each in classes if each["f1"] is not None), key=lambda each: each["f1"])
    rows = [("class", "pictures", "precision", "recall", "F1")]
    rows += [
        (
            shorten_label(each["label"]),
            f"{each['support']:g}",
            short_interval(each.get("precision_interval") or {"value": each["precision"]}),
            short_interval(each["recall"]),
            short_interval(each.get("f1_interval") or {"value": each["f1"]}),
        )
        for each in measured[:MOST_CLASSES]
    ]
    yield from align(rows)
    if len(measured) > MOST_CLASSES:
        yield f"  and {len(measured) - MOST_CLASSES} more classes" + (f", all in {page}" if page else "")


def describe_difference(difference: dict[str, Any]) -> str:
    """Describe a paired difference in accuracy, with the pictures that only one of both models gets wrong."""
    text = format_interval(difference)
    if "only_first_wrong" not in difference:
        return text
    return (
        f"{text}; only the first is wrong on {difference['only_first_wrong']}, only this one on "
        f"{difference['only_other_wrong']}"
    )


def clear_classes(other: dict[str, Any]) -> Iterator[str]:
    """Format the differences between two models in single classes whose interval excludes 0."""
    differences = other.get("per_class_difference") or {}
    clear = {
        label: each
        for label, each in differences.items()
        if each["low"] is not None and (each["low"] > 0 or each["high"] < 0)
    }
    for label, each in list(clear.items())[:MOST_CLASSES]:
        yield f"  {shorten_label(label)}: {each['value']:+.3f} ({each['low']:+.3f} to {each['high']:+.3f})"
    if len(clear) > MOST_CLASSES:
        yield f"  and {len(clear) - MOST_CLASSES} more classes"


def short_interval(metric: dict[str, Any]) -> str:
    """Format a metric with its interval in short."""
    if metric["value"] is None:
        return "-"
    ends = "" if metric.get("low") is None else f" ({metric['low']:.2f} to {metric['high']:.2f})"
    return f"{metric['value']:.3f}{ends}"


def align(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Yield the rows as lines of text with aligned columns; all but the first and the number are left-aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, number, *rest in rows:
        cells = [first.ljust(widths[0]), number.rjust(widths[1])]
        cells += [cell.ljust(width) for cell, width in zip(rest, widths[2:], strict=True)]
        yield f"  {'  '.join(cells)}".rstrip()


def shorten_label(label: str) -> str:
    """Shorten a long label."""
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}\N{HORIZONTAL ELLIPSIS}"
