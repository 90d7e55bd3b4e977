"""Commands on the captured traffic of a served model (`discern watch` and `discern forget`)."""

from typing import Annotated

import typer

from discern.cli import render
from discern.cli.common_options import Json
from discern.cli.exit_codes import FELL_SHORT
from discern.cli.importing import importing
from discern.cli.watch_lines import describe_forgotten, describe_look
from discern.display.progress_bar import progress_bar


def watch(
    store: Annotated[
        str,
        typer.Argument(help="Store that serve --capture wrote: a folder, or the postgresql:// URL of a database."),
    ],
    against: Annotated[str, typer.Option(help="Bundle that was served, with the reference to compare with.")],
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Look at the exchanges from this time on alone: a date or time, or a length before now, such as 7d.",
        ),
    ] = None,
    out: Annotated[str | None, typer.Option(help="Page to write, .html; a new file.")] = None,
    labels: Annotated[
        str | None, typer.Option(help="CSV of true labels to store first, with the columns id, label and new.")
    ] = None,
    training: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Folder of the training pictures, to show those nearest to what changed."),
    ] = None,
    average_run: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            help="For traffic without end: at most one false alarm in N independent exchanges on average, such as "
            "100000, instead of 5 % in the life of the bundle.",
        ),
    ] = None,
    webhook: Annotated[
        str | None, typer.Option(metavar="URL", help="Address to which each new alarm is posted once, as JSON.")
    ] = None,
    on_alarm: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND", help="Command to run once for each new alarm, which it reads as JSON; without a shell."
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="End with status 1 if there is an alarm.")] = False,
    json: Json = False,
) -> None:
    """Find changes and broken promises in captured traffic.

    Alarms stay true however often one looks: of bundles whose traffic never changes, at most 5 % ever have one. A look
    continues from the last one. It also estimates the accuracy from the labels of audits, and finds unknown pictures
    that look alike.

    Example: discern watch captures/ --against model.discern --out watch.html
    """
    with importing():
        from discern.flow.watch.watch import watch

    with progress_bar() as progress:
        result = watch(
            store,
            against=against,
            since=since,
            out=out,
            labels=labels,
            training=training,
            average_run=average_run,
            webhook=webhook,
            on_alarm=on_alarm,
            progress=progress,
        )
    render.show(result.to_json(), json=json, lines=describe_look)
    render.print_hints(result.alerts)
    raise typer.Exit(FELL_SHORT if strict and result.alarmed else 0)


def forget(
    exchange: Annotated[
        str,
        typer.Argument(metavar="ID|HASH", help="Id of an exchange, or SHA-256 digest of a picture's file or pixels."),
    ],
    store: Annotated[
        str, typer.Option(help="Store that serve --capture wrote: a folder, or the postgresql:// URL of a database.")
    ],
    json: Json = False,
) -> None:
    """Erase captured exchanges with their pictures and labels.

    Example: discern forget 0f6b9a1c5d7e4b2f8a3c6d9e1f4b7a20 --store captures/
    """
    with importing():
        from discern.flow.watch.forget import forget

    render.show(forget(exchange, store=store).to_json(), json=json, lines=describe_forgotten)
