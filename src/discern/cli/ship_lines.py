"""Functions that format plans and created deployments as lines of text."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from discern.cli import render
from discern.cli.cost_lines_text import wrapped

if TYPE_CHECKING:
    from discern.shipping.plan import Plan


def show_plan(plan: "Plan") -> None:
    """Print a plan before anything is created."""
    for line in plan_lines(plan.to_json()):
        typer.echo(render.one_line(line))


def plan_lines(value: dict[str, Any]) -> Iterator[str]:
    """Format a plan as lines of text."""
    yield f"plan for {value['target']}:"
    for number, step in enumerate(value["plan"], 1):
        kind = f"  [{step['creates']}]" if step["creates"] else ""
        yield f"{number:>3}. {step['text']}{kind}"
    if value["zipped_bytes"] is not None:
        yield f"package: {value['zipped_bytes'] / 1e6:.1f} MB zipped, {value['unpacked_bytes'] / 1e6:.1f} MB unpacked"
    yield from _cost_lines(value)


def _cost_lines(value: dict[str, Any]) -> Iterator[str]:
    from discern.shipping.budget import describe_dates, dollars

    cost = value["cost"]
    if cost is None:
        if "cost_reason" in value:
            yield from wrapped(f"cost: not known. {value['cost_reason']}")
        return
    once = f", and {dollars(cost['one_off'])} once" if cost["one_off"] else ""
    at, dated = f"at {cost['per_day']:,.10g} answers a day", describe_dates(cost["prices_as_of"])
    yield from wrapped(
        f"cost: {dollars(cost['per_month'])} a month{once} {at} ({cost['target']}, {dated}, an estimate)"
    )
    for part, amount in cost["parts"].items():
        if amount:
            yield f"  {part:<24} {dollars(amount):>12}"
    for sentence in cost["assumptions"]:
        yield from wrapped(sentence, "  ")


def outcome(
    value: dict[str, Any], *, out: str | None, dry_run: bool, yes: bool = False, by_hand: str = ""
) -> Iterator[str]:
    """Format what became of a plan as lines of text.

    Args:
        value: a `ShipResult` in JSON.
        out: folder of the files; None if they were not kept.
        dry_run: whether nothing was to be created.
        yes: whether it was confirmed.
        by_hand: sentence on how the user creates it; "" if Discern can create it.
    """
    if "refusal" in value:
        yield from wrapped(f"refused: {value['refusal']}")
    if out is not None:
        yield f"files: {out} ({len(value['files'])})"
    if "created" in value:
        for name, each in value["created"].items():
            yield f"{name}: {each}"
    else:
        said = dry_run or yes or "refusal" in value
        if by_hand and "refusal" not in value:
            yield from wrapped(f"Nothing was created, as Discern only writes the files. {by_hand}")
        else:
            yield "Nothing was created." if said else "Nothing was created: add --yes to create it."
