"""Commands that work on runs (`discern fix` and `discern diff`)."""

from typing import Annotated

import typer

from discern.cli import render
from discern.cli.common_options import Json
from discern.cli.diff_lines import describe_diff
from discern.cli.importing import importing
from discern.cli.option_values import parse_checks


def fix(
    run: Annotated[str, typer.Argument(help="Folder of a run of check, split or train, such as runs/NAME.")],
    drop: Annotated[
        list[str] | None,
        typer.Option(metavar="CHECK,...", help="Checks whose pictures are dropped, such as exact_copy,blurred."),
    ] = None,
    min_side: Annotated[
        int | None, typer.Option(min=1, help="Drop pictures whose shorter side has fewer pixels.")
    ] = None,
    keep_first: Annotated[
        bool,
        typer.Option(
            "--keep-first",
            help="Of copies, keep the first by path; by default the one in the test part or of the most pixels.",
        ),
    ] = False,
    out: Annotated[str | None, typer.Option(help="File to write; by default fixes_by_rule.csv in the run.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file of fixes.")] = False,
    json: Json = False,
) -> None:
    """Write a fixes.csv by rule from the findings of a run.

    Pictures, the run and its proposals stay as they are. Apply the file with --fixes.

    Example: discern fix runs/bananas --drop exact_copy,blurred --min-side 64
    """
    with importing():
        from discern.flow.fix import fix

    result = fix(
        run,
        drop=parse_checks(drop or []),
        min_side=min_side,
        keep_first=keep_first,
        out=out,
        overwrite=overwrite,
    )
    render.show(result.to_json(), json=json, lines=render.fix)
    render.print_hints(result.notes)


def diff(
    a: Annotated[str, typer.Argument(metavar="RUN", help="Folder of a run.")],
    b: Annotated[str, typer.Argument(metavar="RUN", help="Folder of another, whose differences from the first count.")],
    json: Json = False,
) -> None:
    """Show the differences between two runs.

    They are pictures, options, versions and figures, with intervals where there are any.

    Example: discern diff runs/bananas runs/bananas-2
    """
    with importing():
        from discern.flow.diff import diff

    result = diff(a, b)
    render.show(result.to_json(), json=json, lines=lambda _: describe_diff(result))
