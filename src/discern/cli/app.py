"""The commands: each parses, calls one public function, and renders what came."""

import sys
from typing import Annotated

import typer

from discern.cli import doors, render
from discern.cli.bars import bars
from discern.cli.parsing import parse_floors, parse_keys, parse_order, parse_parts, parse_share, required
from discern.cli.refusing import FELL_SHORT, INTERRUPTED, going_on, refusals
from discern.errors import UsageError

app = typer.Typer(
    help="Point it at pictures. Get a classifier you can trust, serve anywhere, and improve from its own traffic.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Source = Annotated[
    str, typer.Argument(help="A folder of pictures, a list (CSV, Parquet, .lst, .manifest), or an archive (zip, tar).")
]
Bundle = Annotated[str, typer.Argument(help="A bundle, such as runs/NAME/model.discern.")]
Name = Annotated[str | None, typer.Option(help="The run's name; without it, the source's name and a number.")]
Runs = Annotated[str, typer.Option(help="The folder of all runs.")]
Fixes = Annotated[str | None, typer.Option(help="A fixes.csv to apply first.")]
Backbone = Annotated[str, typer.Option(help="What looks at the pictures: lite0, lite1, lite2, or an ONNX file.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run of that --name.")]
Cache = Annotated[str | None, typer.Option(help="Where computed things are kept; by default the user's cache folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Seed = Annotated[int, typer.Option(min=0, help="Of every random choice.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        import discern

        typer.echo(discern.__version__)
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the whole trace of an error.")] = False,
    version: Annotated[  # noqa: ARG001 - its callback has acted before
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Classify pictures, honestly."""
    render.state.debug = debug


@app.command()
def check(
    source: Source,
    name: Name = None,
    runs: Runs = "runs",
    fixes: Fixes = None,
    backbone: Backbone = "lite0",
    resume: Resume = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when anything is found.")] = False,
    cache: Cache = None,
    json: Json = False,
) -> None:
    """Say what is wrong with pictures, and propose fixes; nothing is changed.

    Example: discern check photos/
    """
    from discern.flow.checking import check

    with bars() as progress:
        result = check(
            source, name=name, runs=runs, fixes=fixes, backbone=backbone, resume=resume, cache=cache, progress=progress
        )
    render.show(result.to_json(), json=json, words=render.check)
    raise typer.Exit(FELL_SHORT if strict and not result.clean else 0)


@app.command()
def split(
    source: Source,
    parts: Annotated[str, typer.Option(help="Shares of train/validation/test.")] = "70/20/10",
    out: Annotated[str | None, typer.Option(help="Write train/, validation/, test/ and lists here.")] = None,
    copy: Annotated[bool, typer.Option("--copy", help="Copy pictures instead of linking them.")] = False,
    name: Name = None,
    runs: Runs = "runs",
    seed: Seed = 0,
    fixes: Fixes = None,
    backbone: Backbone = "lite0",
    cache: Cache = None,
    json: Json = False,
) -> None:
    """Split pictures into parts that share no picture, near copy or group, with a proof.

    Example: discern split photos/ --parts 70/20/10 --out parts/
    """
    from discern.flow.splitting import split

    with bars() as progress:
        result = split(
            source,
            parts=parse_parts(parts),
            out=out,
            copy=copy,
            name=name,
            runs=runs,
            seed=seed,
            fixes=fixes,
            backbone=backbone,
            cache=cache,
            progress=progress,
        )
    render.show(result.to_json(), json=json, words=render.split)


@app.command()
def train(
    source: Source,
    name: Name = None,
    runs: Runs = "runs",
    seed: Seed = 0,
    fixes: Fixes = None,
    backbone: Backbone = "lite0",
    at_most_wrong: Annotated[
        str, typer.Option(help="What share of the accepted answers may be wrong, such as 2%; none: accept nothing.")
    ] = "5%",
    coverage: Annotated[
        str, typer.Option(help="How often an answer's set of labels is to hold the right one; none: no sets.")
    ] = "90%",
    ordered: Annotated[
        str | None, typer.Option(help="The labels in an order that means something, least first; or numeric.")
    ] = None,
    negatives: Annotated[str | None, typer.Option(help="Pictures of none of the labels, to tell strangers by.")] = None,
    names: Annotated[
        str | None, typer.Option(help="A CSV of label,name,spoken,route: what labels are called, where things go.")
    ] = None,
    resume: Resume = False,
    cache: Cache = None,
    json: Json = False,
) -> None:
    """Check, split, fit, evaluate and pack: from pictures to a bundle and a report.

    Example: discern train photos/ --name bananas --at-most-wrong 2%
    """
    from discern.flow.training import train

    shares = {"at_most_wrong": parse_share(at_most_wrong), "coverage": parse_share(coverage)}
    with bars() as progress:
        result = train(
            source,
            name=name,
            runs=runs,
            seed=seed,
            fixes=fixes,
            backbone=backbone,
            **shares,
            ordered=parse_order(ordered),
            negatives=negatives,
            names=names,
            resume=resume,
            cache=cache,
            progress=progress,
        )
    render.show(result.to_json(), json=json, words=render.train)
    render.advise(result.hints)


@app.command()
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
    from discern.flow.evaluating import evaluate

    floors = parse_floors(at_least or [])
    with bars() as progress:
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


@app.command()
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
        from discern.flow.batch import predict_to

        target = required(out, "--sheet", "--out")
        with bars() as progress:
            result = predict_to(bundle, paths, target, sheet=sheet, progress=progress)
        render.show(result.to_json(), json=json, words=render.answers)
        raise typer.Exit(FELL_SHORT if result.unusable == result.pictures else 0)
    from discern.flow.predicting import predict

    usable = []
    for answer in predict(bundle, paths):
        render.show_line(answer.to_json(), json=json)
        usable.append(answer.error is None)
    if not usable:
        raise UsageError("There was no picture to answer.", hint="Name a picture, or a folder that holds some.")
    raise typer.Exit(0 if all(usable) else FELL_SHORT)


@app.command()
def show(bundle: Bundle, json: Json = False) -> None:
    """Say what is known of a bundle: labels, figures, thresholds, backbone.

    Example: discern show runs/bananas/model.discern
    """
    from discern.flow.showing import show

    render.show(show(bundle), json=json, words=render.bundle)


@app.command()
def verify(
    bundle: Bundle,
    fingerprint: Annotated[str | None, typer.Option(help="The fingerprint it must have.")] = None,
    json: Json = False,
) -> None:
    """Check that a bundle is whole and answers here as it did where it was made; exit with 1 if not.

    Example: discern verify runs/bananas/model.discern
    """
    from discern.flow.verifying import verify

    result = verify(bundle, fingerprint=fingerprint)
    render.show(result.to_json(), json=json, words=render.verify)
    raise typer.Exit(0 if result.passed else FELL_SHORT)


@app.command()
def doctor(cache: Cache = None, json: Json = False) -> None:
    """Try what Discern needs on this machine.

    Example: discern doctor
    """
    from discern.flow.doctoring import doctor

    result = doctor(cache=cache)
    render.show(result.to_json(), json=json, words=render.doctor)
    raise typer.Exit(0 if result.passed else FELL_SHORT)


@app.command()
def cache(
    prune: Annotated[bool, typer.Option("--prune", help="Free what was used longest ago.")] = False,
    keep: Annotated[float, typer.Option(min=0, help="How many GB --prune keeps.")] = 0.0,
    cache: Cache = None,
    json: Json = False,
) -> None:
    """Say what is kept so that nothing is computed twice, or free it.

    Example: discern cache --prune --keep 5
    """
    from discern.flow.caching import cache as caching

    result = caching(prune_to=keep * 1e9 if prune else None, folder=cache)
    render.show(result.to_json(), json=json, words=render.cache)


for command in (doors.serve, doors.key, doors.export):
    app.command()(command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line, and leave with its exit code: 0 done, 1 fell short, 2 refused, 130 interrupted."""
    words = sys.argv[1:] if arguments is None else arguments
    with refusals(going_on(words)):
        code = app(args=words or ["--help"], prog_name="discern", standalone_mode=False)
        if code == INTERRUPTED:
            # Typer has caught it, and says nothing.
            raise KeyboardInterrupt
        sys.exit(code)
