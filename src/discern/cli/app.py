"""Entry point of the `discern` command line."""

import sys
from typing import Annotated

import typer

from discern.cli import (
    bucket_commands,
    captured_commands,
    collect_commands,
    compare_commands,
    cost_commands,
    info_commands,
    predict_commands,
    render,
    run_commands,
    serve_commands,
    ship_commands,
    train_commands,
    tune_commands,
    watch_commands,
)
from discern.cli.exit_codes import INTERRUPTED, exit_codes, interruption_message
from discern.cli.option_sources import ConfiguredCommand
from discern.cli.renamed_options import current_name

app = typer.Typer(
    help="Point it at pictures. Get a classifier you can trust, serve anywhere, and improve from its own traffic.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(requested: bool) -> None:
    if requested:
        import discern

        typer.echo(discern.__version__)
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Print the full traceback of an error.")] = False,
    version: Annotated[  # noqa: ARG001 - handled by its callback
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Apply the global options of the command line."""
    render.state.debug = debug


for command in (
    collect_commands.collect,
    *(train_commands.check, train_commands.split, train_commands.train),
    tune_commands.tune,
    *(run_commands.fix, run_commands.diff, compare_commands.compare),
    *(predict_commands.evaluate, predict_commands.predict, predict_commands.unsort),
    *(captured_commands.captured, watch_commands.watch, watch_commands.forget),
    *(bucket_commands.push, bucket_commands.pull),
    info_commands.backbones,
    *(info_commands.show, info_commands.verify, info_commands.rename, info_commands.doctor, info_commands.cache),
):
    app.command(cls=ConfiguredCommand)(command)
app.command(cls=ConfiguredCommand, context_settings={"token_normalize_func": current_name})(serve_commands.serve)
app.command(cls=ConfiguredCommand)(serve_commands.key)
app.command(cls=ConfiguredCommand)(serve_commands.export)
app.command(cls=ConfiguredCommand)(ship_commands.ship)
app.command(cls=ConfiguredCommand)(cost_commands.cost)


def run(arguments: list[str]) -> None:
    """Run the command line and exit the process with its exit code, as described in `discern.cli.main`."""
    with exit_codes(interruption_message(arguments)):
        code = app(args=arguments or ["--help"], prog_name="discern", standalone_mode=False)
        if code == INTERRUPTED:
            # Typer catches KeyboardInterrupt without a message.
            raise KeyboardInterrupt
        sys.exit(code)
