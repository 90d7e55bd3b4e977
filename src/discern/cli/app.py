"""The commands: each parses, calls one public function, and renders what came."""

import sys
from typing import Annotated

import typer

from discern.cli import info_commands, predict_commands, render, serve_commands, train_commands
from discern.cli.exit_codes import INTERRUPTED, exit_codes, resume_hint

app = typer.Typer(
    help="Point it at pictures. Get a classifier you can trust, serve anywhere, and improve from its own traffic.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


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


for command in (
    *(train_commands.check, train_commands.split, train_commands.train),
    *(predict_commands.evaluate, predict_commands.predict),
    *(info_commands.show, info_commands.verify, info_commands.doctor, info_commands.cache),
    *(serve_commands.serve, serve_commands.key, serve_commands.export),
):
    app.command()(command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line, and leave with its exit code: 0 done, 1 fell short, 2 refused, 130 interrupted."""
    words = sys.argv[1:] if arguments is None else arguments
    with exit_codes(resume_hint(words)):
        code = app(args=words or ["--help"], prog_name="discern", standalone_mode=False)
        if code == INTERRUPTED:
            # Typer has caught it, and says nothing.
            raise KeyboardInterrupt
        sys.exit(code)
