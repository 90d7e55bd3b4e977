"""Command that plans and creates deployments (`discern ship`)."""

from typing import Annotated

import typer

from discern.cli import render, ship_lines, traffic_commands
from discern.cli.common_options import Json
from discern.cli.importing import importing
from discern.cli.option_values import parse_share
from discern.errors import UsageError

_TARGETS = "Deployment target: lambda, a function on AWS; workflow, a state machine of AWS Step Functions."
_FLOW = "Workflow"  # panel of --help


def ship(
    target: Annotated[str, typer.Argument(help=_TARGETS)],
    bundle: Annotated[str | None, typer.Argument(help="Path of a bundle, such as runs/NAME/model.discern.")] = None,
    out: Annotated[
        str | None,
        typer.Option(help="Folder for all files that would be used: package, template and roles; new or empty."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan, and create nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Create what is planned.")] = False,
    threshold: Annotated[
        str | None,
        typer.Option(
            help="Confidence from which an answer passes, such as .93; by default the decisions.", rich_help_panel=_FLOW
        ),
    ] = None,
    route_by: Annotated[
        str | None, typer.Option(help="Branches by answer: label, route (of names.csv) or none.", rich_help_panel=_FLOW)
    ] = None,
    each: Annotated[
        bool, typer.Option("--map", help="Classify a list of pictures with each execution.", rich_help_panel=_FLOW)
    ] = False,
    concurrency: Annotated[
        int | None, typer.Option(help="Pictures of a list that are classified at once.", rich_help_panel=_FLOW)
    ] = None,
    tolerate: Annotated[
        int | None, typer.Option(help="Pictures of a list that may fail.", rich_help_panel=_FLOW)
    ] = None,
    review_prefix: Annotated[
        str | None,
        typer.Option(help="Folder in the bucket for copies of pictures that do not pass.", rich_help_panel=_FLOW),
    ] = None,
    notify: Annotated[bool, typer.Option("--notify", help="Announce failures by SNS.", rich_help_panel=_FLOW)] = False,
    function: Annotated[
        str | None, typer.Option(help="ARN of the Lambda function that runs the tasks.", rich_help_panel=_FLOW)
    ] = None,
    traffic: Annotated[
        str | None,
        typer.Option(help="Send the pictures of this folder through the workflow instead.", rich_help_panel=_FLOW),
    ] = None,
    state_machine: Annotated[
        str | None, typer.Option(help="ARN of the workflow, for --traffic.", rich_help_panel=_FLOW)
    ] = None,
    bucket: Annotated[str | None, typer.Option(help="Bucket of the pictures.", rich_help_panel=_FLOW)] = None,
    record: Annotated[
        str | None,
        typer.Option(
            help="File of the outcomes, from which an interrupted --traffic continues; by default traffic.jsonl.",
            rich_help_panel=_FLOW,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Plan a deployment, and create it with --yes.

    The plan is printed first. Without --yes nothing is created.

    Example: discern ship lambda runs/bananas/model.discern --out lambda/ --dry-run
    """
    if bundle is None:
        raise UsageError(f"There is no bundle to deploy to {target}.", hint="Pass its path after the target.")
    if traffic is not None:
        traffic_commands.send(target, bundle, traffic, state_machine, bucket, record=record, json=json)
        return
    if state_machine or record:
        raise UsageError("--state-machine and --record belong to --traffic.", hint="Add --traffic FOLDER.")
    with importing():
        from discern.flow.ship import ship

    result = ship(
        target,
        bundle,
        out,
        dry_run=dry_run,
        yes=yes,
        announce=None if json else ship_lines.show_plan,
        threshold=None if threshold is None else parse_share(threshold),
        route_by=route_by,
        map=each or None,
        concurrency=concurrency,
        tolerate=tolerate,
        review_prefix=review_prefix,
        notify=notify or None,
        function=function,
        bucket=bucket,
    )
    if json:
        render.show_json(result.to_json())
        return
    for line in ship_lines.outcome(result.to_json(), out=out, dry_run=dry_run):
        typer.echo(render.one_line(line))
