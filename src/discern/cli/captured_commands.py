"""Command that lists and plots captured answers (`discern captured`)."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from discern.cli import render
from discern.cli.common_options import Json
from discern.cli.importing import importing
from discern.display.progress_bar import progress_bar

_MOST_SHOWN = 20


def captured(
    source: Annotated[
        str, typer.Argument(help="Folder that data capture writes to, or one .jsonl file of it; or its s3:// address.")
    ],
    out: Annotated[str | None, typer.Option(help="Page to write, .html; a new file.")] = None,
    bundle: Annotated[
        str | None,
        typer.Option(help="Bundle whose accept threshold is drawn, and whose labels name plain probabilities."),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Plain threshold of the confidence to draw beside it, such as .93.")
    ] = None,
    json: Json = False,
) -> None:
    """List and plot the captured answers of an endpoint.

    The page shows the confidence over time with both thresholds, and each point opens its picture. Answers of Discern
    and plain arrays of probabilities are read.

    Example: discern captured captured/ --out captured.html --threshold .93
    """
    with importing():
        from discern.flow.captured.captured import captured

    with progress_bar() as progress:
        result = captured(source, out=out, bundle=bundle, threshold=threshold, progress=progress)
    render.show(result.to_json(), json=json, lines=_describe)


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
