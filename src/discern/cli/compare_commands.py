"""Command that compares trained models (`discern compare`)."""

from typing import Annotated, Any

import typer

from discern.cli import render
from discern.cli.common_options import Cache, Classes, GroupBy, Json, LabelFrom, PartsOf, Weights
from discern.cli.comparison_lines import describe_comparison
from discern.cli.exit_codes import FELL_SHORT
from discern.cli.importing import importing
from discern.cli.option_values import parse_order, parse_parts_of
from discern.cli.training_options import Budget, Epochs, Folds
from discern.display.progress_bar import progress_bar
from discern.errors import UsageError

_PANEL = "Training with --methods"


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN...|DIR", help="Folders of two or more runs of train; with --methods, pictures."),
    ],
    methods: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            help="Train these on the same parts of DIR first: probe, scratch, finetune, auto, presets, or tuned, which "
            "is a search as by tune.",
        ),
    ] = None,
    backbones: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="Backbones to train the methods with.", rich_help_panel=_PANEL),
    ] = None,
    epochs: Epochs = None,
    budget: Budget = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Number of trials of the search for tuned.", rich_help_panel=_PANEL)
    ] = None,
    folds: Folds = None,
    folder: Annotated[str, typer.Option("--runs", help="Folder of all runs.", rich_help_panel=_PANEL)] = "runs",
    seed: Annotated[int, typer.Option(min=0, help="Random seed.", rich_help_panel=_PANEL)] = 0,
    fixes: Annotated[str | None, typer.Option(help="A fixes.csv to apply first.", rich_help_panel=_PANEL)] = None,
    ordered: Annotated[
        str | None,
        typer.Option(
            help="Labels of an ordinal scale, lowest first, separated by commas; or numeric.", rich_help_panel=_PANEL
        ),
    ] = None,
    negatives: Annotated[
        str | None, typer.Option(help="Pictures of none of the classes.", rich_help_panel=_PANEL)
    ] = None,
    parts_of: PartsOf = None,
    group_by: GroupBy = None,
    classes: Classes = None,
    label_from: LabelFrom = None,
    weights: Weights = None,
    out: Annotated[
        str | None,
        typer.Option(help="Page to write, .html; a new file; by default comparison-1.html, ... in the folder of runs."),
    ] = None,
    cache: Cache = None,
    json: Json = False,
) -> None:
    """Compare trained models, and name the one to ship.

    Differences are paired, on the pictures that all models held out, with intervals and p-values adjusted for their
    number. A larger model has to be worth a percentage point: otherwise, the simplest is named. With --methods, the
    models are trained first, on the same parts; repeating the command resumes an interrupted training and reuses
    finished ones.

    Example: discern compare photos/ --methods probe,scratch,finetune
    """
    with importing():
        from discern.flow.compare.compare_runs import compare
        from discern.flow.compare_methods.compare_methods import compare_methods

    training: dict[str, Any] = {
        "backbones": backbones and _names(backbones),
        "epochs": epochs,
        "budget": budget,
        "trials": trials,
        "folds": folds,
        "fixes": fixes,
        "ordered": ordered and parse_order(ordered),
        "negatives": negatives,
        "parts_of": parts_of and parse_parts_of(parts_of),
        "group_by": group_by,
        "classes": classes,
        "label_from": label_from,
        "weights": weights,
        "cache": cache,
    }
    given = {name: value for name, value in training.items() if value is not None}
    with progress_bar() as progress:
        if methods is None:
            _refuse_unused(given, seed=seed, folder=folder)
            result = compare(*runs, out=out, progress=progress)
        else:
            result = compare_methods(
                _only(runs), methods=_names(methods), runs=folder, seed=seed, out=out, progress=progress, **given
            )
    render.show(result.to_json(), json=json, lines=describe_comparison)
    raise typer.Exit(FELL_SHORT if result.failed else 0)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def _only(sources: list[str]) -> str:
    if len(sources) > 1:
        raise UsageError(
            f"--methods trains on one set of pictures, not on {len(sources)}.",
            hint="Pass one folder of pictures; or leave out --methods to compare runs.",
        )
    return sources[0]


def _refuse_unused(given: dict[str, Any], *, seed: int, folder: str) -> None:
    """Raise UsageError if an option of the training is given where nothing is trained."""
    unused = [*given, *(["seed"] if seed else []), *(["runs"] if folder != "runs" else [])]
    if unused:
        raise UsageError(
            f"Without --methods nothing is trained, and --{unused[0].replace('_', '-')} has no effect.",
            hint="Leave it out, or pass --methods and a folder of pictures.",
        )
