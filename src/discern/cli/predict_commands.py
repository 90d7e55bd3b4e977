"""Commands that evaluate models and classify images (`discern evaluate` and `discern predict`)."""

from typing import Annotated

import typer

from discern.cli import render
from discern.cli.common_options import Bundle, Cache, Classes, GroupBy, Json, LabelFrom, Name, Seed, Source
from discern.cli.exit_codes import FELL_SHORT
from discern.cli.importing import importing
from discern.cli.option_sources import Like
from discern.cli.option_values import parse_floors, parse_keys, require_option
from discern.display.progress_bar import progress_bar
from discern.errors import UsageError


def evaluate(
    bundle: Annotated[str, typer.Argument(help="Path of a bundle, or the address of a server: http://HOST:PORT.")],
    source: Source,
    against: Annotated[
        list[str] | None, typer.Option(help="Another bundle or server to compare on the same pictures.")
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            envvar="DISCERN_KEY", help="API key of the first server, or ADDRESS=KEY; better set in DISCERN_KEY."
        ),
    ] = None,
    negatives: Annotated[str | None, typer.Option(help="Pictures of none of the classes.")] = None,
    at_least: Annotated[
        list[str] | None,
        typer.Option(help="Minimum such as accuracy=.90; exit with 1 if the interval's lower end is below it."),
    ] = None,
    group_by: GroupBy = None,
    classes: Classes = None,
    label_from: LabelFrom = None,
    names: Annotated[
        str | None, typer.Option(help="CSV of label,alias: other names by which labels of pictures and models match.")
    ] = None,
    like: Like = None,  # noqa: ARG001 - handled by its callback
    name: Name = None,
    runs: Annotated[
        str | None,
        typer.Option(
            help="Folder of all runs; by default runs here, or beside the source where this folder is part of it."
        ),
    ] = None,
    no_page: Annotated[bool, typer.Option("--no-page", help="Write no page.")] = False,
    seed: Seed = 0,
    cache: Cache = None,
    json: Json = False,
) -> None:
    """Evaluate a model bundle or a server on labelled pictures.

    Pictures that the bundle was trained on are excluded. A page, evaluation.html in a new run and never in the source,
    shows the metrics by class, errors, accepted pictures of none of the classes, and models side by side.

    Example: discern evaluate runs/bananas/model.discern more/ --at-least accuracy=.90
    """
    with importing():
        from discern.flow.evaluate.evaluate import evaluate
        from discern.flow.evaluate.evaluation_run import default_runs

    floors = parse_floors(at_least or [])
    with progress_bar() as progress:
        result = evaluate(
            bundle,
            source,
            against=against or (),
            key=parse_keys(key or [], [bundle, *(against or ())]),
            negatives=negatives,
            at_least=floors,
            group_by=group_by,
            classes=classes,
            label_from=label_from,
            names=names,
            seed=seed,
            runs=None if no_page else runs or default_runs(source),
            name=name,
            cache=cache,
            progress=progress,
        )
    render.show(result.to_json(), json=json, lines=render.evaluate)
    render.print_hints(result.notes)
    raise typer.Exit(FELL_SHORT if result.fell_short else 0)


def predict(
    bundle: Bundle,
    paths: Annotated[list[str], typer.Argument(help="Files, folders, glob patterns, or - for standard input.")],
    out: Annotated[
        str | None,
        typer.Option(
            help="Write predictions to this file (.parquet, .csv, .jsonl); PATH may also be a list or an archive."
        ),
    ] = None,
    sheet: Annotated[
        str | None,
        typer.Option(help="With --out: write a review sheet (.html, .png), least confident predictions first."),
    ] = None,
    sort: Annotated[
        str | None, typer.Option(help="Copy the pictures to this folder: <label>/, _review/, _unknown/ and undo.csv.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
) -> None:
    """Classify pictures, to the terminal, a file or folders.

    With --out, predictions go to one file, --json prints one summary object, lists (CSV, Parquet, .lst, .manifest) and
    archives are read as well, and running the same command again resumes an interrupted one. Tables have one column per
    field, `p:LABEL` with the probability of each label, and `error` and `error_message` for unusable files.

    With --sort, each picture is copied to the folder of its prediction; the originals are only read. The same command
    resumes an interrupted one. undo.csv lists the copies, and unsort removes them.

    The exit code is 1 if a file is unusable; with --out or --sort, which list such files, only if all are.

    Example: discern predict runs/bananas/model.discern new.jpg more/
    """
    if sort is not None:
        _sort(bundle, paths, sort, json=json, other="--out" if out is not None else "--sheet" if sheet else None)
    if out is not None or sheet is not None:
        with importing():
            from discern.flow.predict.batch import predict_to

        target = require_option(out, "--out", needed_by="--sheet")
        with progress_bar() as progress:
            result = predict_to(bundle, paths, target, sheet=sheet, progress=progress)
        render.show(result.to_json(), json=json, lines=render.batch)
        raise typer.Exit(FELL_SHORT if result.unusable == result.pictures else 0)
    with importing():
        from discern.flow.predict.predict import predict

    usable = []
    for answer in predict(bundle, paths):
        render.show_answer(answer.to_json(), json=json)
        usable.append(answer.error is None)
    if not usable:
        raise UsageError("There is no picture to predict.", hint="Pass a picture, or a folder that contains some.")
    raise typer.Exit(0 if all(usable) else FELL_SHORT)


def _sort(bundle: str, paths: list[str], folder: str, *, json: bool, other: str | None) -> None:
    from discern.flow.predict.sort import sort

    if other:
        raise UsageError(f"--sort and {other} cannot be combined.", hint="Run the command once for each.")
    with progress_bar() as progress:
        result = sort(bundle, paths, folder, progress=progress)
    render.show(result.to_json(), json=json, lines=render.sort)
    raise typer.Exit(0 if result.copied else FELL_SHORT)


def unsort(
    undo: Annotated[str, typer.Argument(help="The undo.csv of a sorted folder.")],
    json: Json = False,
) -> None:
    """Remove the copies that `predict --sort` made.

    Copies that were edited since stay; the exit code is then 1.

    Example: discern unsort sorted/undo.csv
    """
    from discern.flow.predict.sort import unsort

    result = unsort(undo)
    render.show(result.to_json(), json=json, lines=render.unsort)
    raise typer.Exit(FELL_SHORT if result.changed else 0)
