"""Command that lists, plots and moves captured answers (`discern captured`)."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from discern.cli import render
from discern.cli.common_options import Json
from discern.cli.importing import importing
from discern.display.progress_bar import progress_bar
from discern.errors import UsageError

_MOST_SHOWN = 20


def captured(
    source: Annotated[
        str,
        typer.Argument(
            help="Folder that data capture writes to, or one .jsonl file of it; or its s3:// address; with --lines, a "
            "store."
        ),
    ],
    out: Annotated[str | None, typer.Option(help="Page to write, .html; a new file.")] = None,
    bundle: Annotated[
        str | None,
        typer.Option(
            help="Bundle whose accept threshold is drawn, and whose labels name plain probabilities; with --store, it "
            "also computes the embeddings."
        ),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Plain threshold of the confidence to draw beside it, such as .93.")
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(help="Read the requests into this store, for watch: a folder, or the postgresql:// URL of one."),
    ] = None,
    lines: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Write the exchanges of the store as JSON lines of data capture, to a new folder."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """List and plot the captured answers of an endpoint.

    The page shows the confidence over time with both thresholds, and each point opens its picture. Answers of Discern
    and plain arrays of probabilities are read. With --store, they are read into a store instead, and with --lines
    written from one.

    Example: discern captured captured/ --out captured.html --threshold .93
    """
    with importing():
        from discern.flow.captured.captured import captured
        from discern.flow.captured.store_captured import store_captured
        from discern.flow.captured.write_captured import write_captured

    _refuse_conflicts(store=store, lines=lines, out=out, threshold=threshold, bundle=bundle)
    with progress_bar() as progress:
        if store is not None:
            stored = store_captured(source, store=store, bundle=bundle, progress=progress)
            render.show(stored.to_json(), json=json, lines=_describe_stored)
            return
        if lines is not None:
            written = write_captured(source, folder=lines, progress=progress)
            render.show(written.to_json(), json=json, lines=_describe_written)
            return
        result = captured(source, out=out, bundle=bundle, threshold=threshold, progress=progress)
    render.show(result.to_json(), json=json, lines=_describe)


def _refuse_conflicts(*, store: str | None, lines: str | None, **others: object) -> None:
    """Raise UsageError for options that have no effect together."""
    given = {name for name, value in {"store": store, "lines": lines, **others}.items() if value is not None}
    for name, useless in (("store", {"lines", "out", "threshold"}), ("lines", {"out", "threshold", "bundle"})):
        if name in given and (both := sorted(given & useless)):
            raise UsageError(f"--{both[0]} has no effect with --{name}.", hint="Leave one of them out.")


def _describe_stored(value: dict[str, Any]) -> Iterator[str]:
    """Format `StoredCaptures` as lines of text."""
    yield f"{value['found']:,} captured answers in {value['files']:,} files; new in the store: {value['stored']:,}"
    if value["feedback"]:
        yield f"labels: {value['feedback']:,}"
    if value["without_picture"]:
        yield f"without a picture: {value['without_picture']:,}"
    if value["left_out"]:
        yield f"without a usable answer, and left out: {value['left_out']:,}"
    for each in value["damaged"][:_MOST_SHOWN]:
        yield f"damaged: {each['path']}: {each['message']}"
    yield f"store: {value['store']}"


def _describe_written(value: dict[str, Any]) -> Iterator[str]:
    """Format `WrittenCaptures` as lines of text."""
    missing = f", {value['without_picture']:,} of them without a picture" if value["without_picture"] else ""
    yield f"{value['exchanges']:,} exchanges in {value['files']:,} files{missing}"
    yield f"folder: {value['folder']}"


def _describe(value: dict[str, Any]) -> Iterator[str]:
    """Format a `CapturedResult` as lines of text."""
    answers = value["answers"]
    times = [each["time"] for each in answers if each["time"]]
    when = f", from {times[0]} to {times[-1]}" if times else ""
    yield f"{len(answers):,} answers in {value['records']:,} captured requests of {value['files']:,} files{when}"
    for name, each in value["thresholds"].items():
        yield f"{name} threshold {each['value']:.3g}: {each['passed']:,} of {len(answers):,} are at or above it"
    for name in ("decisions", "classes"):
        yield f"{name}: {', '.join(f'{label} {count:,}' for label, count in list(value[name].items())[:_MOST_SHOWN])}"
    for gap in value["gaps"][:_MOST_SHOWN]:
        yield f"no answer from {gap['from']} to {gap['to']}"
    lowest = sorted(answers, key=lambda each: each["confidence"])[:_MOST_SHOWN]
    yield "lowest confidences:" if lowest else "no answer with a confidence"
    for each in lowest:
        facts = (f"{each['confidence']:.3f}", each["label"], each["decision"] or "-", each["time"] or "-", each["path"])
        yield f"  {'  '.join(facts)}"
    yield from value["notes"]
    for each in value["damaged"][:_MOST_SHOWN]:
        yield f"damaged: {each['path']}: {each['message']}"
    if value["page"]:
        yield f"page: {value['page']}"
