"""Command that searches for training options (`discern tune`)."""

from typing import Annotated

import typer

from discern.cli import render
from discern.cli.common_options import (
    Backbone,
    Cache,
    Classes,
    Coverage,
    ErrorLimit,
    Fit,
    Fixes,
    GroupBy,
    Json,
    LabelFrom,
    Name,
    Names,
    Negatives,
    Ordered,
    PartsOf,
    Runs,
    Seed,
    Size,
    Source,
    Thresholds,
    Weights,
)
from discern.cli.importing import importing
from discern.cli.option_values import parse_error_limit, parse_order, parse_parts_of, parse_share, parse_thresholds
from discern.cli.trial_display import trial_display
from discern.cli.tune_lines import describe_study

Trials = Annotated[
    int | None,
    typer.Option(min=1, help="Total number of trials; by default 20, or as many as --timeout allows."),
]
Timeout = Annotated[
    str | None, typer.Option(metavar="TIME", help="Time after which no trial starts, such as 20m or 1h30m.")
]
Space = Annotated[
    str, typer.Option(metavar="NAME|FILE", help="Search space: default, banana, bins or fruit; or a TOML file.")
]
Workers = Annotated[int, typer.Option(min=1, help="Processes that run trials side by side.")]
Storage = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Database for the trials, such as sqlite:///trials.db or postgresql://user@host/database; by default a "
        "file in the study.",
    ),
]
Objective = Annotated[
    str, typer.Option(metavar="log_loss|accuracy", help="Measure to optimise, on held-out groups of the training part.")
]
ResumeStudy = Annotated[
    bool, typer.Option("--resume", help="Resume the interrupted study of that --name, or add trials to it.")
]


def tune(
    source: Source,
    trials: Trials = None,
    timeout: Timeout = None,
    space: Space = "default",
    workers: Workers = 1,
    storage: Storage = None,
    measure: Objective = "log_loss",
    name: Name = None,
    runs: Runs = "runs",
    seed: Seed = 0,
    fixes: Fixes = None,
    backbone: Backbone = "lite0",
    at_most_wrong: ErrorLimit = "auto",
    coverage: Coverage = "90%",
    ordered: Ordered = None,
    negatives: Negatives = None,
    names: Names = None,
    parts_of: PartsOf = None,
    group_by: GroupBy = None,
    classes: Classes = None,
    label_from: LabelFrom = None,
    size: Size = None,
    fit: Fit = None,
    weights: Weights = None,
    thresholds: Thresholds = None,
    resume: ResumeStudy = False,
    cache: Cache = None,
    json: Json = False,
) -> None:
    """Search for the best training options, and train with them.

    Trials are compared on held-out groups of the training part. At the end, the model with the best options and one
    with the default options are compared on the test part, which no trial sees.

    Example: discern tune photos/ --trials 20 --workers 2 --name bananas
    """
    with importing():
        from discern.flow.tune.tune import tune

    limit, share = parse_error_limit(at_most_wrong), parse_share(coverage)
    with trial_display(plain=not json) as (progress, watch):
        result = tune(
            source,
            trials=trials,
            timeout=timeout,
            space=space,
            workers=workers,
            storage=storage,
            measure=measure,
            name=name,
            runs=runs,
            seed=seed,
            fixes=fixes,
            backbone=backbone,
            at_most_wrong=limit,
            coverage=share,
            ordered=parse_order(ordered),
            negatives=negatives,
            names=names,
            parts_of=parse_parts_of(parts_of),
            group_by=group_by,
            classes=classes,
            label_from=label_from,
            size=size,
            fit=fit,
            weights=weights,
            thresholds=parse_thresholds(thresholds or []),
            resume=resume,
            cache=cache,
            progress=progress,
            watch=watch,
        )
    render.show(result.to_json(), json=json, lines=describe_study)
    render.print_hints(result.notes)
