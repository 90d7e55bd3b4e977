"""Options that come from a file or from a former run: command line, then --like, then the file, then defaults."""

import copy
import functools
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from discern.cli.importing import importing
from discern.cli.option_file import FILE, read_option_file
from discern.cli.option_text import NONE, option_text
from discern.errors import UsageError

_FROM_FILE, _FROM_RUN, _PATH, _IS_GIVEN = "discern.file", "discern.run", "discern.path", "discern.given"


class ConfiguredCommand(TyperCommand):
    """Command whose options can also be set in a file."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        option = copy.copy(_config_option())
        option.expose_value = False
        self.params.append(option)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the command line, and say on standard error which options a file has set."""
        try:
            rest = super().parse_args(ctx, args)
        except Exception as error:
            self._name_file(ctx, error)
            raise
        used = [name for name in ctx.meta.get(_FROM_FILE, {}) if _is_set_by_file(ctx, name)]
        if used:
            names = ", ".join(_spell(param) for param in self.params if param.name in used)
            typer.echo(f"discern: options from {ctx.meta[_PATH]}: {names} (--config none ignores it)", err=True)
        elif ctx.meta.get(_IS_GIVEN):
            typer.echo(f"discern: {ctx.meta[_PATH]} sets no option of this command.", err=True)
        return rest

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and options of the help, with the options of each panel under its name."""
        sections: dict[str, list[Any]] = {"Arguments": [], "Options": []}
        for param in self.get_params(ctx):
            panel = "Arguments" if param.param_type_name == "argument" else panel_of(param)
            if (record := param.get_help_record(ctx)) is not None:
                sections.setdefault(panel, []).append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def _name_file(self, ctx: Any, error: Exception) -> None:
        """Raise an error that names the file if a value in it is invalid."""
        name = getattr(getattr(error, "param", None), "name", None)
        if name and _is_set_by_file(ctx, name):
            message = getattr(error, "message", str(error)).rstrip(".")
            raise UsageError(f"{ctx.meta[_PATH]}: {name}: {message}.", hint="Correct the value.") from error


def panel_of(option: Any) -> str:
    """Return the name of the panel that an option is listed in."""
    return str(getattr(option, "rich_help_panel", None) or "Options")


def is_given(ctx: Any, name: str) -> bool:
    """Return True if a parameter was given on the command line."""
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _is_set_by_file(ctx: Any, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "DEFAULT_MAP" and name not in ctx.meta.get(_FROM_RUN, {})


def _spell(param: Any) -> str:
    return str(param.opts[0] if param.param_type_name == "option" else param.name.upper())


@functools.cache
def _config_option() -> Any:
    """Return the option --config as Typer makes it from a function."""
    template = typer.Typer(add_completion=False)
    template.command()(_template)
    return typer.main.get_command(template).params[0]


def _load_file(ctx: typer.Context, value: str | None) -> str | None:
    """Read the file of options before the other options are parsed."""
    if ctx.resilient_parsing or value == NONE:
        return value
    path = Path(FILE if value is None else value).expanduser().absolute()
    if value is None and not path.exists() and not path.is_symlink():
        return None
    root = ctx.find_root()
    commands = getattr(root.command, "commands", None) or {str(ctx.info_name): ctx.command}
    ctx.meta[_FROM_FILE] = read_option_file(path, commands).get(str(ctx.info_name), {})
    ctx.meta[_PATH], ctx.meta[_IS_GIVEN] = path, value is not None
    _merge(ctx)
    if ctx.params.get("like") is None and (like := ctx.meta[_FROM_FILE].get("like")):
        ctx.params["like"] = _load_run(ctx, like)  # --like was parsed before, as it was not given
    return value


def _template(
    config: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            is_eager=True,
            callback=_load_file,
            help="File of options; by default discern.toml in this folder, if there is one; none: no file.",
        ),
    ] = None,
) -> None:
    """Declare --config."""


def _load_run(ctx: typer.Context, value: str | None) -> str | None:
    """Read the options of a former run before the other options are parsed."""
    if value is None or ctx.resilient_parsing:
        return value
    with importing():
        from discern.flow.former_run import former_options

    former = former_options(value, str(ctx.info_name))
    params = {param.name: param for param in ctx.command.params}
    values = {name: each for name, each in former.values.items() if name in params and name != "like"}
    ctx.meta[_FROM_RUN] = {name: _as_given(params[name], each) for name, each in values.items()}
    if former.gone:
        typer.echo(
            f"discern: {value} has options that this version does not have, or has with another value: "
            f"{', '.join(former.gone)}. They are left out.",
            err=True,
        )
    _merge(ctx)
    return value


def _as_given(param: Any, value: Any) -> Any:
    """Return the value for a parameter, or None where it is the default that no text stands for."""
    empty = value is None or (isinstance(value, list | tuple) and not value)
    if empty and param.default is None:
        return None
    return option_text(param.name, value, repeated=param.multiple or param.nargs == -1)


def _merge(ctx: typer.Context) -> None:
    """Set what the options default to; a former run's options win over those of a file, even if it had none."""
    ctx.default_map = {**ctx.meta.get(_FROM_FILE, {}), **ctx.meta.get(_FROM_RUN, {})}


Like = Annotated[
    str | None,
    typer.Option(
        metavar="RUN",
        is_eager=True,
        callback=_load_run,
        help="Folder of a former run, whose options (SOURCE, too) apply unless given here.",
    ),
]
