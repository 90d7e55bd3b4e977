"""Functions that format plans and created deployments as lines of text."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from discern.cli import render

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
    if value["cost"] is not None:
        yield f"cost: ${value['cost']['per_month']:.2f} a month"


def outcome(value: dict[str, Any], *, out: str | None, dry_run: bool) -> Iterator[str]:
    """Format what became of a plan as lines of text."""
    if out is not None:
        yield f"files: {out} ({len(value['files'])})"
    if "created" in value:
        for name, each in value["created"].items():
            yield f"{name}: {each}"
    else:
        yield "Nothing was created." if dry_run else "Nothing was created: add --yes to create it."
