"""Commands on the cost of deployments, and on what was deployed."""

from typing import Annotated, Literal

import typer

from discern.cli import render
from discern.cli.common_options import Json
from discern.cli.cost_lines_text import describe_costs, describe_deployed
from discern.cli.exit_codes import FELL_SHORT
from discern.cli.importing import importing
from discern.cli.option_sources import is_given
from discern.errors import UsageError

PerDay = Annotated[float, typer.Option(metavar="N", help="Answers a day.")]
Budget = Annotated[
    str | None,
    typer.Option(metavar="AMOUNT", help="Limit such as 5USD of the first month; the exit code is 1 above it."),
]
Prices = Annotated[
    str | None, typer.Option(metavar="FILE", help="CSV of prices that replace or extend those of the package.")
]

ACCOUNT_ACTIONS = ("status", "down", "stop-notebooks")
"""Words in place of a target of `ship`, for what was deployed to an AWS account."""


def cost(
    ctx: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="BUNDLE|DIR", help="A bundle; or, with --method, the pictures to train on.")
    ],
    per_day: PerDay,
    compare: Annotated[
        bool, typer.Option("--compare", help="List all ways to deploy, with their assumptions.")
    ] = False,
    method: Annotated[
        Literal["finetune", "probe"] | None,
        typer.Option(help="Training method, before a bundle exists: adds storage, training and tuning."),
    ] = None,
    milliseconds: Annotated[
        float | None, typer.Option(help="Time of one answer on one core; by default measured on this machine.")
    ] = None,
    memory: Annotated[
        float | None, typer.Option(metavar="GB", help="Memory of a function in GB; by default 1.73, for one core.")
    ] = None,
    cold_start: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Start of a process in seconds; by default measured.")
    ] = None,
    factor: Annotated[
        float, typer.Option(help="Time that the target's cores take, as a multiple of this machine's.")
    ] = 1.0,
    peak: Annotated[float, typer.Option(help="Requests in the busiest minute, as a multiple of the mean.")] = 5.0,
    idle_minutes: Annotated[
        float, typer.Option(help="Minutes after which an idle environment of a function is assumed to be removed.")
    ] = 10.0,
    free_tier: Annotated[bool, typer.Option("--free-tier", help="Subtract Lambda's permanent allowance.")] = False,
    epochs: Annotated[int, typer.Option(help="Passes over the pictures of --method finetune.")] = 10,
    trials: Annotated[int, typer.Option(help="Trainings of a search for settings, with --method finetune.")] = 12,
    target: Annotated[
        str | None, typer.Option(help="Way to deploy that is proposed and budgeted; by default lambda-x86.")
    ] = None,
    budget: Budget = None,
    prices: Prices = None,
    out: Annotated[
        str | None, typer.Option(help="Folder for BUDGET.md and the break-even figure; or one .md, .svg or .png file.")
    ] = None,
    json: Json = False,
) -> None:
    """Estimate the monthly cost of a deployment.

    Nothing is created. The bundle's time and memory are measured on this machine. The exit code is 1 if --budget is
    exceeded.

    Example: discern cost runs/bananas/model.discern --per-day 5000 --compare
    """
    _refuse_without_effect(ctx, method=method, milliseconds=milliseconds)
    with importing():
        from discern.flow.cost import cost as estimate
        from discern.flow.cost_workload import CostOptions

    options = CostOptions(
        milliseconds=milliseconds,
        memory=memory,
        cold_start=cold_start,
        factor=factor,
        peak=peak,
        idle_minutes=idle_minutes,
        free_tier=free_tier,
        epochs=epochs,
        trials=trials,
    )
    result = estimate(
        source,
        per_day=per_day,
        method=method,
        options=options,
        prices=prices,
        budget=budget,
        target=target,
        out=out,
    )
    render.show(result.to_json(), json=json, lines=lambda _: describe_costs(result, compare=compare))
    raise typer.Exit(0 if result.passed else FELL_SHORT)


def _refuse_without_effect(ctx: typer.Context, *, method: str | None, milliseconds: float | None) -> None:
    """Refuse options of the command line that others leave without effect; those of a file may wait for their turn."""
    for name in ("epochs", "trials"):
        if method != "finetune" and is_given(ctx, name):
            raise UsageError(f"--{name} belongs to --method finetune.", hint=f"Add it, or omit --{name}.")
    if milliseconds is not None and is_given(ctx, "milliseconds") and is_given(ctx, "factor"):
        hint = "Omit --factor, and give the milliseconds on the target's cores."
        raise UsageError("--factor applies to a measured time, not to --milliseconds.", hint=hint)


def run_account_action(
    action: str, *, bundle: str | None, yes: bool, region: str | None, prices: str | None, json: bool
) -> bool:
    """List or remove what was deployed to an AWS account, or stop its notebooks; return whether all was done.

    Args:
        action: one of `ACCOUNT_ACTIONS`.
        bundle: path of a bundle or its name, to which the action is limited; None for all.
        yes: whether to change something; if not, it is only listed.
        region: AWS region; None for that of the environment.
        prices: CSV file of prices.
        json: whether to print JSON.

    Raises:
        UsageError: the action does not work on one bundle, or AWS cannot be used.
    """
    with importing():
        from discern.flow.deployed import ship_down, ship_status, stop_notebooks

    if action == "status":
        result = ship_status(region=region, bundle=bundle, prices=prices)
    elif action == "down":
        result = ship_down(yes=yes, region=region, bundle=bundle, prices=prices)
    else:
        if bundle is not None:
            raise UsageError("Notebooks belong to no bundle.", hint=f"Leave out {bundle}: all are stopped.")
        result = stop_notebooks(yes=yes, region=region, prices=prices)
    verb = {"status": "", "down": "removed", "stop-notebooks": "stopped"}[action]
    render.show(result.to_json(), json=json, lines=lambda value: describe_deployed(value, verb=verb))
    return result.passed
