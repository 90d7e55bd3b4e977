"""Command that plans and creates deployments (`discern ship`)."""

from functools import partial
from typing import Annotated, Any

import typer

from discern.cli import cost_commands, render, ship_lines, ship_options, traffic_commands
from discern.cli.common_options import Cache, Examples, Json
from discern.cli.cost_commands import Budget, Prices
from discern.cli.exit_codes import FELL_SHORT
from discern.cli.importing import importing
from discern.cli.option_sources import is_given
from discern.cli.option_values import parse_floors, parse_share
from discern.errors import UsageError

_TARGETS = (
    "Deployment target: lambda, a function on AWS; workflow, a state machine of AWS Step Functions; container; "
    "kubernetes; site, the page alone; or ci, files with which continuous integration trains and ships the model. Or, "
    "for all that was deployed to AWS: status, down, or stop-notebooks."
)
_OF_COMMAND = frozenset(("target", "bundle", "out", "dry_run", "yes", "traffic", "state_machine", "record", "json"))
_OF_TRAFFIC = frozenset(("target", "bundle", "traffic", "state_machine", "bucket", "record", "json", "config"))
_OF_ACCOUNT = frozenset(("target", "bundle", "yes", "region", "prices", "json", "config"))
_WITHOUT_ACCOUNT = ("container", "kubernetes", "ci")
_OF_ALL_TARGETS = frozenset(("per_day", "budget", "prices", "region"))
_NAMES = {"each": "map"}  # where Python's own names forbid the option's


def ship(
    ctx: typer.Context,
    target: Annotated[str, typer.Argument(metavar="TARGET", help=_TARGETS)],
    bundle: Annotated[str | None, typer.Argument(help="Path of a bundle, or of its run, such as runs/NAME.")] = None,
    out: Annotated[
        str | None,
        typer.Option(help="Folder for all files that would be used: package, template and roles; new or empty."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan, and create nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Create, remove or stop what is planned.")] = False,
    region: Annotated[str | None, typer.Option(help="AWS region; by default the environment's.")] = None,
    per_day: Annotated[float, typer.Option(metavar="N", help="Answers a day for which the cost is estimated.")] = 1000,
    budget: Budget = None,
    prices: Prices = None,
    memory: ship_options.Memory = None,
    threshold: ship_options.Threshold = None,
    bucket: ship_options.Bucket = None,
    arch: ship_options.Arch = None,
    image: ship_options.Image = None,
    snapstart: ship_options.Snapstart = None,
    speech: ship_options.Speech = None,
    allow_urls: ship_options.AllowUrls = None,
    queue: ship_options.Queue = None,
    cors: ship_options.Cors = None,
    capture: ship_options.Capture = None,
    all_formats: ship_options.AllFormats = None,
    wheels: ship_options.Wheels = None,
    python: ship_options.Python = None,
    route_by: ship_options.RouteBy = None,
    each: ship_options.Map = None,
    concurrency: ship_options.Concurrency = None,
    tolerate: ship_options.Tolerate = None,
    review_prefix: ship_options.ReviewPrefix = None,
    notify: ship_options.Notify = None,
    function: ship_options.Function = None,
    traffic: ship_options.Traffic = None,
    state_machine: ship_options.StateMachine = None,
    record: ship_options.Record = None,
    image_name: ship_options.ImageName = None,
    cpus: ship_options.Cpus = None,
    min_replicas: ship_options.MinReplicas = None,
    max_replicas: ship_options.MaxReplicas = None,
    api: ship_options.Api = None,
    place: ship_options.Place = None,
    runtime: ship_options.Runtime = None,
    data: ship_options.Data = None,
    test: ship_options.Test = None,
    at_least: ship_options.AtLeast = None,
    deploy: ship_options.Deploy = None,
    examples: Examples = None,
    cache: Cache = None,
    json: Json = False,
) -> None:
    """Plan a deployment, and create it with --yes.

    The plan and its cost are printed first. Without --yes, or above --budget, nothing is created. The exit code is 1
    above --budget.

    Example: discern ship lambda runs/bananas/model.discern --out lambda/ --dry-run
    """
    if target in cost_commands.ACCOUNT_ACTIONS:
        _refuse_others(target, _OF_ACCOUNT, ctx)
        done = cost_commands.run_account_action(target, bundle=bundle, yes=yes, region=region, prices=prices, json=json)
        raise typer.Exit(0 if done else FELL_SHORT)
    if bundle is None:
        _require_target(target)
        raise UsageError(f"There is no bundle to deploy to {target}.", hint="Pass its path after the target.")
    if traffic is not None:
        _refuse_others("--traffic", _OF_TRAFFIC, ctx)
        traffic_commands.send(target, bundle, traffic, state_machine, bucket, record=record, json=json)
        return
    if region is not None and is_given(ctx, "region") and target in _WITHOUT_ACCOUNT:
        raise UsageError(f"--region does not apply to the target {target}, which calls no account.", hint="Omit it.")
    if state_machine or record:
        raise UsageError("--state-machine and --record belong to --traffic.", hint="Add --traffic FOLDER.")
    with importing():
        from discern.flow.ship import ship

    announce = None if json else ship_lines.show_plan
    result = ship(target, bundle, out, dry_run=dry_run, yes=yes, announce=announce, **_target_options(target, ctx))
    lines = partial(ship_lines.outcome, out=out, dry_run=dry_run, yes=yes, by_hand=result.plan.by_hand)
    render.show(result.to_json(), json=json, lines=lines)
    raise typer.Exit(0 if result.passed else FELL_SHORT)


def _require_target(name: str) -> None:
    from discern.shipping.ship_registry import SHIP_TARGETS

    if name not in SHIP_TARGETS:
        known = ", ".join((*SHIP_TARGETS, *cost_commands.ACCOUNT_ACTIONS))
        raise UsageError(f"Unknown deployment target: {name!r}.", hint=f"Use one of: {known}.")


def _refuse_others(action: str, allowed: frozenset[str], ctx: typer.Context) -> None:
    """Refuse the options of the command line that an action does not have, where nothing is planned."""
    for param in ctx.command.params:
        if param.name not in allowed and is_given(ctx, str(param.name)):
            raise UsageError(f"{param.opts[0]} does not apply to {action}.", hint="Omit it.")


def _target_options(target: str, ctx: typer.Context) -> dict[str, Any]:
    """Return the options for targets by their names in Python; a file's options apply where the target has them."""
    from discern.flow.ship import has_option

    given = {name: value for name, value in ctx.params.items() if name not in _OF_COMMAND and value is not None}
    if "threshold" in given:
        given["threshold"] = parse_share(given["threshold"])
    if floors := given.pop("at_least", None):
        given["at_least"] = parse_floors(floors)
    kept = _OF_ALL_TARGETS | {name for name in given if is_given(ctx, name)}
    named = {name: _NAMES.get(name, name) for name in given}
    return {named[name]: value for name, value in given.items() if name in kept or has_option(target, named[name])}
