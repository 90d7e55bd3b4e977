"""Commands that check data, split data and train models (`discern check`, `discern split`, `discern train`)."""

from functools import partial
from typing import Annotated

import typer

from discern.cli import render
from discern.cli.common_options import (
    Backbone,
    Cache,
    Classes,
    Coverage,
    Deviation,
    ErrorLimit,
    Fit,
    Fixes,
    GroupBy,
    Json,
    LabelFrom,
    Mean,
    Name,
    Names,
    Negatives,
    OptionalBackbone,
    Ordered,
    PartsOf,
    Resume,
    Runs,
    Scale,
    Seed,
    Size,
    Source,
    Thresholds,
    Views,
    Weights,
)
from discern.cli.exit_codes import FELL_SHORT
from discern.cli.importing import importing
from discern.cli.option_sources import Like
from discern.cli.option_values import (
    parse_channels,
    parse_error_limit,
    parse_order,
    parse_parts,
    parse_parts_of,
    parse_share,
    parse_thresholds,
)
from discern.cli.training_options import (
    Augment,
    Balance,
    Batch,
    Budget,
    Device,
    Dropout,
    Epochs,
    Folds,
    Hidden,
    LabelSmoothing,
    LearningRate,
    Method,
    Mirror,
    Network,
    Preset,
    WeightDecay,
)
from discern.display.progress_bar import progress_bar


def check(
    source: Source,
    name: Name = None,
    runs: Runs = "runs",
    fixes: Fixes = None,
    backbone: Backbone = "lite0",
    parts_of: PartsOf = None,
    group_by: GroupBy = None,
    classes: Classes = None,
    label_from: LabelFrom = None,
    size: Size = None,
    fit: Fit = None,
    mean: Mean = None,
    deviation: Deviation = None,
    scale: Scale = None,
    weights: Weights = None,
    thresholds: Thresholds = None,
    like: Like = None,
    resume: Resume = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if there are findings.")] = False,
    plots: Annotated[
        bool, typer.Option("--plots", help="Write figures for slides to plots/ in the run: PNG, SVG and JSON.")
    ] = False,
    cache: Cache = None,
    json: Json = False,
) -> None:
    """Find problems in a set of pictures and propose fixes.

    The pictures are not changed.

    Example: discern check photos/
    """
    with importing():
        from discern.flow.check import check

    with progress_bar() as progress:
        result = check(
            source,
            name=name,
            runs=runs,
            fixes=fixes,
            backbone=backbone,
            parts_of=parse_parts_of(parts_of),
            group_by=group_by,
            classes=classes,
            label_from=label_from,
            size=size,
            fit=fit,
            mean=parse_channels(mean),
            deviation=parse_channels(deviation),
            scale=scale,
            weights=weights,
            plots=plots,
            thresholds=parse_thresholds(thresholds or []),
            like=like,
            resume=resume,
            cache=cache,
            progress=progress,
        )
    render.show(result.to_json(), json=json, lines=render.check)
    render.print_hints(result.notes)
    raise typer.Exit(FELL_SHORT if strict and not result.clean else 0)


def split(
    source: Source,
    parts: Annotated[str, typer.Option(help="Relative sizes of train/validation/test.")] = "70/20/10",
    out: Annotated[str | None, typer.Option(help="Folder to write train/, validation/, test/ and lists to.")] = None,
    link: Annotated[
        bool, typer.Option("--link", help="Link to the pictures instead of copying them; edits change the originals.")
    ] = False,
    copy: Annotated[bool, typer.Option("--copy", hidden=True)] = False,
    name: Name = None,
    runs: Runs = "runs",
    seed: Seed = 0,
    fixes: Fixes = None,
    backbone: Backbone = "lite0",
    parts_of: PartsOf = None,
    group_by: GroupBy = None,
    classes: Classes = None,
    label_from: LabelFrom = None,
    size: Size = None,
    fit: Fit = None,
    mean: Mean = None,
    deviation: Deviation = None,
    scale: Scale = None,
    weights: Weights = None,
    like: Like = None,
    cache: Cache = None,
    json: Json = False,
) -> None:
    """Split pictures into train, validation and test without leaks.

    No picture, near-copy or group is in two parts; the run folder holds the proof.

    Example: discern split photos/ --parts 70/20/10 --out parts/
    """
    with importing():
        from discern.flow.split import split

    with progress_bar() as progress:
        result = split(
            source,
            parts=parse_parts(parts),
            out=out,
            link=link,
            copy=copy or None,
            name=name,
            runs=runs,
            seed=seed,
            fixes=fixes,
            backbone=backbone,
            parts_of=parse_parts_of(parts_of),
            group_by=group_by,
            classes=classes,
            label_from=label_from,
            size=size,
            fit=fit,
            mean=parse_channels(mean),
            deviation=parse_channels(deviation),
            scale=scale,
            weights=weights,
            like=like,
            cache=cache,
            progress=progress,
        )
    render.show(result.to_json(), json=json, lines=render.split)
    render.print_hints(result.notes)


def train(
    ctx: typer.Context,
    source: Source,
    name: Name = None,
    runs: Runs = "runs",
    seed: Seed = 0,
    fixes: Fixes = None,
    backbone: OptionalBackbone = None,
    at_most_wrong: ErrorLimit = "auto",
    coverage: Coverage = "90%",
    ordered: Ordered = None,
    negatives: Negatives = None,
    method: Method = None,
    preset: Preset = None,
    network: Network = None,
    epochs: Epochs = None,
    batch: Batch = None,
    lr: LearningRate = None,
    hidden: Hidden = None,
    dropout: Dropout = None,
    weight_decay: WeightDecay = None,
    label_smoothing: LabelSmoothing = None,
    augment: Augment = None,
    mirror: Mirror = None,
    balance: Balance = None,
    device: Device = None,
    budget: Budget = None,
    folds: Folds = None,
    names: Names = None,
    parts_of: PartsOf = None,
    group_by: GroupBy = None,
    classes: Classes = None,
    label_from: LabelFrom = None,
    size: Size = None,
    fit: Fit = None,
    mean: Mean = None,
    deviation: Deviation = None,
    scale: Scale = None,
    views: Views = None,
    weights: Weights = None,
    thresholds: Thresholds = None,
    like: Like = None,
    resume: Resume = False,
    cache: Cache = None,
    json: Json = False,
) -> None:
    """Train an image classifier; write its bundle and its report.

    The pictures are checked and split, and the classifier is fitted, evaluated and packed.

    Example: discern train photos/ --name bananas --at-most-wrong 2%
    """
    with importing():
        from discern.flow.train import train
        from discern.flow.train_processes import follow_first_process

    if follow_first_process():
        return
    parsed = {
        "at_most_wrong": parse_error_limit(at_most_wrong),
        "coverage": parse_share(coverage),
        "ordered": parse_order(ordered),
        "parts_of": parse_parts_of(parts_of),
        "mean": parse_channels(mean),
        "deviation": parse_channels(deviation),
        "thresholds": parse_thresholds(thresholds or []),
    }
    options = {name: value for name, value in (ctx.params | parsed).items() if name != "json"}
    with progress_bar() as progress:
        result = train(**options, progress=progress)
    render.show(result.to_json(), json=json, lines=partial(render.train, counts=result.counts, basis=result.basis))
    render.print_hints(result.hints)
