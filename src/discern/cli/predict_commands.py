"""The commands that use a bundle: `discern evaluate`, `discern predict`."""

from typing import Annotated

import typer

from discern.cli import render
from discern.cli.common_options import Bundle, Cache, Json, Seed, Source
from discern.cli.exit_codes import FELL_SHORT
from discern.cli.option_values import parse_floors, parse_keys, required
from discern.cli.progress_bar import progress_bar
from discern.errors import UsageError


def evaluate(
    bundle: Annotated[str, typer.Argument(help="A bundle, or the address of a server: http://HOST:PORT.")],
    source: Source,
    against: Annotated[
        list[str] | None, typer.Option(help="Another bundle or address to judge on the same pictures.")
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(envvar="DISCERN_KEY", help="For the first server, or ADDRESS=KEY; better in DISCERN_KEY."),
    ] = None,
    negatives: Annotated[str | None, typer.Option(help="Pictures of none of the labels.")] = None,
    at_least: Annotated[
        list[str] | None,
        typer.Option(help="A floor such as accuracy=.90; exit with 1 when the interval's lower end is below."),
    ] = None,
    seed: Seed = 0,
    cache: Cache = None,
    json: Json = False,
) -> None:
    """Judge a bundle, or a server, on other pictures; those it was trained on are left out.

    Example: discern evaluate runs/bananas/model.discern more/ --at-least accuracy=.90
    """
    from discern.flow.evaluate.evaluate import evaluate

    floors = parse_floors(at_least or [])
    with progress_bar() as progress:
        result = evaluate(
            bundle,
            source,
            against=against or (),
            key=parse_keys(key or [], [bundle, *(against or ())]),
            negatives=negatives,
            at_least=floors,
            seed=seed,
            cache=cache,
            progress=progress,
        )
    render.show(result.to_json(), json=json, words=render.evaluate)
    raise typer.Exit(FELL_SHORT if result.fell_short else 0)


def predict(
    bundle: Bundle,
    paths: Annotated[list[str], typer.Argument(help="Files, folders, patterns, or - for standard input.")],
    out: Annotated[
        str | None,
        typer.Option(help="Write answers here (.parquet, .csv, .jsonl); PATH may also be a list or an archive."),
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="With --out: show the doubtful answers, the least sure first (.html, .png).")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Answer pictures, in words or into a file.

    With --out, every picture is answered into one file, and --json prints one object about it; what is in lists (CSV,
    Parquet, .lst, .manifest) and archives is answered, too, and the same command goes on where an interrupted one was.
    Tables have a column for each thing that is said, `p:LABEL` for the probability of each label, and `error` and
    `error_message` for files that are no usable picture.

    The exit code is 1 where a file cannot be used; with --out, where such files are rows, only if none can.

    Example: discern predict runs/bananas/model.discern new.jpg more/
    """
    if out is not None or sheet is not None:
        from discern.flow.predict.batch import predict_to

        target = required(out, "--sheet", "--out")
        with progress_bar() as progress:
            result = predict_to(bundle, paths, target, sheet=sheet, progress=progress)
        render.show(result.to_json(), json=json, words=render.answers)
        raise typer.Exit(FELL_SHORT if result.unusable == result.pictures else 0)
    from discern.flow.predict.predict import predict

    usable = []
    for answer in predict(bundle, paths):
        render.show_line(answer.to_json(), json=json)
        usable.append(answer.error is None)
    if not usable:
        raise UsageError("There was no picture to answer.", hint="Name a picture, or a folder that holds some.")
    raise typer.Exit(0 if all(usable) else FELL_SHORT)
