"""Lines of text on the differences of two runs."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from discern.flow.diff import DiffResult
    from discern.flow.figures import Figure

_MOST_FIGURES = 40


def describe_diff(result: "DiffResult") -> Iterator[str]:
    """Format a `DiffResult` as lines of text; of figures without a difference, only the number."""
    yield f"A: {result.a}"
    yield f"B: {result.b}"
    yield from (f"note: {note}" for note in result.notes)
    if result.data is not None:
        from discern.flow.data_changes import describe_data  # the command line starts without polars

        first, *rest = describe_data(result.data)
        yield f"data:     {first}"
        yield from (f"          {line}" for line in rest)
    yield from _describe_values("options", result.options)
    yield from _describe_values("versions", result.versions)
    yield from _describe_figures([each for each in result.figures if each.a is not None and each.b is not None])
    for run, missing in (("A", "b"), ("B", "a")):
        if only := [each.name for each in result.figures if getattr(each, missing) is None]:
            more = f" and {len(only) - 5} more" if len(only) > 5 else ""
            yield f"in {run} only: {', '.join(only[:5])}{more}"


def _describe_values(what: str, values: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    head = f"{what}:"
    if not values:
        yield f"{head:<9} the same"
    for place, (name, value) in enumerate(values.items()):
        yield f"{'' if place else head:<9} {name}: {_text(value['a'])} -> {_text(value['b'])}"


def _text(value: Any) -> str:
    if isinstance(value, dict) and "path" in value:
        return f"{value['path']} ({str(value['sha256'])[:8]})"
    return "none" if value is None or value == [] else value if isinstance(value, str) else json.dumps(value)


def _describe_figures(figures: list["Figure"]) -> Iterator[str]:
    changed = [each for each in figures if each.difference]
    if not figures:
        yield "figures:  none in both"
        return
    same = len(figures) - len(changed)
    yield f"figures:  {same} the same{', and these:' if changed else ''}"
    # Those that chance does not explain come first.
    ordered = sorted(changed, key=lambda each: (each.within_noise is not False, each.interval is None))
    width = max((len(each.name) for each in ordered), default=0)
    for each in ordered[:_MOST_FIGURES]:
        yield f"  {each.name:<{width}}  {_number(each.a)} -> {_number(each.b)}  {_difference(each)}"
    if len(ordered) > _MOST_FIGURES:
        yield f"  and {len(ordered) - _MOST_FIGURES} more, with --json"


def _number(interval: Any) -> str:
    ends = "" if interval.low is None else f" ({interval.low:.3f} to {interval.high:.3f})"
    return f"{interval.value:g}{ends}" if interval.value == int(interval.value) else f"{interval.value:.3f}{ends}"


def _difference(figure: "Figure") -> str:
    told = {True: ", within noise", False: ", more than noise", None: ""}[figure.within_noise]
    ends = "" if figure.interval is None else f" ({figure.interval[0]:+.3f} to {figure.interval[1]:+.3f})"
    return f"{figure.difference:+.3f}{ends}{told}"
