"""Command that collects pictures (`discern collect`)."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from discern.cli import render
from discern.cli.common_options import Json
from discern.cli.exit_codes import FELL_SHORT
from discern.cli.importing import importing
from discern.display.progress_bar import progress_bar

_MOST_SHOWN = 20


def collect(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="WHAT...",
            help="Films, folders of films for each class, lists with a column url, or names of data sets: cifar10, "
            "cifar100, fruits360, mynursinghome, bins.",
        ),
    ],
    out: Annotated[str, typer.Option(help="Folder to collect into: a new one, or one that was collected before.")],
    label: Annotated[str | None, typer.Option(help="Label of all pictures; by default the names of folders.")] = None,
    every: Annotated[
        str | None, typer.Option(metavar="SECONDS", help="Time between frames, such as 0.5s; by default half a second.")
    ] = None,
    scenes: Annotated[bool, typer.Option("--scenes", help="Take a frame of each new scene instead.")] = False,
    origin: Annotated[
        str | None,
        typer.Option("--from", help="Local copy of a data set, address of a mirror, or kaggle; else its public place."),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(metavar="LABELS|FILE", help="Classes of a data set to collect, separated by commas; or a file."),
    ] = None,
    listing: Annotated[
        str | None, typer.Option("--list", help="file_list.json of the bins; by default their metadata count.")
    ] = None,
    per_class: Annotated[
        int | None, typer.Option(min=1, help="Most pictures of each class of a data set; by default all.")
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="Host whose address may be private; others are not connected to."),
    ] = None,
    json: Json = False,
) -> None:
    """Collect pictures from films, lists of addresses and data sets.

    Frames that are too small, blurred or nearly equal to the last one kept are left out and counted. Each film is a
    group, which no split divides. Addresses are requested politely, and again only if they failed for now. The exit
    code is 1 if a source could not be used.

    Example: discern collect bed1.mp4 bed2.mov --label bed --out rooms/
    """
    with importing():
        from discern.flow.collect import collect as collect_pictures

    with progress_bar() as progress:
        result = collect_pictures(
            what,
            out=out,
            label=label,
            every=every,
            scenes=scenes,
            origin=origin,
            classes=classes,
            listing=listing,
            per_class=per_class,
            allow_hosts=tuple(allow_host or ()),
            progress=progress,
        )
    render.show(result.to_json(), json=json, lines=_describe)
    render.print_hints(result.notes)
    raise typer.Exit(FELL_SHORT if result.failed else 0)


def _describe(value: dict[str, Any]) -> Iterator[str]:
    """Format a `CollectResult` as lines of text."""
    groups = f" in {value['groups']:,} groups" if value["groups"] else ""
    yield f"{value['kept']:,} pictures{groups}"
    if value["left_out"]:
        yield "left out: " + ", ".join(f"{count:,} {reason}" for reason, count in value["left_out"].items())
    for each in value["failed"][:_MOST_SHOWN]:
        yield f"  {each['source']}: {each['reason']}: {each['message']}"
    if len(value["failed"]) > _MOST_SHOWN:
        yield f"  and {len(value['failed']) - _MOST_SHOWN:,} more"
    yield f"pictures: {value['out']}"
