"""Command that plans and creates deployments (`discern ship`)."""

from typing import Annotated

import typer

from discern.cli import render, ship_lines
from discern.cli.common_options import Json
from discern.cli.importing import importing
from discern.errors import UsageError

_TARGETS = "Deployment target: lambda, a function on AWS."


def ship(
    target: Annotated[str, typer.Argument(help=_TARGETS)],
    bundle: Annotated[str | None, typer.Argument(help="Path of a bundle, such as runs/NAME/model.discern.")] = None,
    out: Annotated[
        str | None,
        typer.Option(
            help="Folder for all files that would be used: package, template and roles; new or empty."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan, and create nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Create what is planned.")] = False,
    json: Json = False,
) -> None:
    """Plan a deployment, and create it with --yes.

    The plan is printed first. Without --yes nothing is created.

    Example: discern ship lambda runs/bananas/model.discern --out lambda/ --dry-run
    """
    if bundle is None:
        raise UsageError(f"There is no bundle to deploy to {target}.", hint="Pass its path after the target.")
    with importing():
        from discern.flow.ship import ship

    result = ship(
        target,
        bundle,
        out,
        dry_run=dry_run,
        yes=yes,
        announce=None if json else ship_lines.show_plan,
    )
    if json:
        render.show_json(result.to_json())
        return
    for line in ship_lines.outcome(result.to_json(), out=out, dry_run=dry_run):
        typer.echo(render.one_line(line))
