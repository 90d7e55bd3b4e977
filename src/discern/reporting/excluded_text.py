"""Functions that state in sentences which pictures an evaluation leaves out, and why."""

from collections.abc import Iterator, Mapping
from typing import Any

from discern.catalog.class_rules import describe_aliases
from discern.reporting.formatting import join_names

_MOST_NAMED = 3


def describe_excluded(value: Mapping[str, Any]) -> Iterator[str]:
    """Describe the pictures that are excluded, and labels taken for others, from the JSON of an evaluation's result."""
    if value["seen"] is None:
        yield "the server does not publish its training pictures: some of these may be among them"
    elif value.get("set_thresholds", 0) is None:
        yield "a bundle is of an older version: training pictures saved again, and some that set thresholds, may remain"
    if value["seen"]:
        yield f"excluded, used in training: {value['seen']}{_first(value.get('seen_paths') or [], value['seen'])}"
    if value.get("set_thresholds"):
        yield f"left out of the policy and the prediction sets, as they set the thresholds: {value['set_thresholds']}"
    if value.get("contradicted"):
        yield f"excluded, the same picture under several labels: {value['contradicted']}"
    yield from _describe_options(value)
    if value["unreadable"]:
        yield f"excluded, unreadable: {value['unreadable']}"
    if refused := value["refused"]:
        picture, reason = next(iter(refused.items()))
        yield f"excluded, without a prediction: {len(refused)} (the first: {picture}: {reason})"
    if others := value["other_labels"]:
        yield f"excluded, label unknown to the bundle: {sum(others.values())} ({', '.join(others)})"


def _describe_options(value: Mapping[str, Any]) -> Iterator[str]:
    """Describe the effect of the options that determine how the source is read."""
    if value.get("ungrouped"):
        yield f"groups of their own, as --group-by does not match their paths: {value['ungrouped']}"
    if taken := value.get("taken_for"):
        yield describe_aliases(taken).rstrip(".")


def _first(paths: list[str], total: int) -> str:
    if not paths:
        return ""
    named = paths[:_MOST_NAMED]
    rest = total - len(named)
    return f" ({join_names(named)})" if not rest else f" ({', '.join(named)} and {rest} more)"
