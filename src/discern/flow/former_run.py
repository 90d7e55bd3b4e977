"""Options of a former run, and notes on what has changed since."""

import inspect
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from discern.errors import RunError, UsageError
from discern.flow.check import check
from discern.flow.evaluate.evaluate import evaluate
from discern.flow.run import Run
from discern.flow.split import split
from discern.flow.train import train
from discern.heads import HeadConfig
from discern.splitting import SplitConfig
from discern.training import beyond_preset

Command = Literal["check", "split", "train", "evaluate"]
COMMANDS: tuple[Command, ...] = ("check", "split", "train", "evaluate")
# They say where a run is written and how it is computed, or are requirements on its result.
_NOT_OF_THE_RUN = {
    *("name", "runs", "resume", "cache", "progress", "out", "copy", "like"),
    *("bundle", "against", "key", "at_least"),
}


@dataclass(frozen=True, kw_only=True)
class FormerOptions:
    """Options of a former run.

    Attributes:
        values: arguments of the command's function; `like`, if it has that, is the folder of the run.
        gone: options of the run that this version does not have, or whose other value it cannot be given.
    """

    values: dict[str, Any]
    gone: tuple[str, ...] = ()


def options_of(run: str | Path, command: str = "train") -> dict[str, Any]:
    """Return the options of a former run as arguments of `check`, `split`, `train` or `evaluate`.

    `discern.train(**discern.options_of("runs/x") | {"seed": 1})` repeats a run with another seed. Of `check`, `split`
    and `train`, `like` is among the arguments, so that the new run notes whether the data have changed since.

    Args:
        run: folder of the former run.
        command: the command whose arguments are returned.

    Raises:
        UsageError: there is no such command.
        RunError: the folder is not a run, or is a run of a command with other options.
    """
    return former_options(run, command).values


def former_options(run: str | Path, command: str) -> FormerOptions:
    """Return the options of a former run, and those that no longer exist. Args and errors are those of `options_of`."""
    if command not in COMMANDS:
        raise UsageError(f"The command {command!r} has no former runs.", hint=f"Use one of {', '.join(COMMANDS)}.")
    former = Run.open(run)
    config, kind = former.facts["config"], command_of(former)
    if (kind == "evaluate") != (command == "evaluate"):
        raise RunError(
            f"{former.folder} is a run of {kind}, whose options are not those of {command}.",
            hint=f"Pass a run of {'evaluate' if command == 'evaluate' else 'check, split or train'}.",
        )
    known = _parameters(command)
    values = {name: _value(config[key]) for name, key in known.items() if key in config}
    if kind == command:
        defaults = inspect.signature(_function(command)).parameters
        values |= {name: defaults[name].default for name, key in known.items() if key not in config}
    if (preset := config.get("preset")) is not None:
        own = beyond_preset(preset, values)
        values = {name: each if name in own else None for name, each in values.items()}
    if command == "evaluate":
        values |= dict(zip(("bundle", "against"), _models(former), strict=True))
    if "like" in inspect.signature(_function(command)).parameters:
        values["like"] = str(former.folder)
    of_any = {key for each in COMMANDS for key in _parameters(each).values()} | {"split", "head", "models"}
    gone = [key for key in config if key not in of_any]
    return FormerOptions(values=values, gone=(*gone, *_changed_settings(config)))


def command_of(run: Run) -> Command:
    """Return the command that made a run."""
    config = run.facts["config"]
    marks: dict[str, Command] = {"models": "evaluate", "coverage": "train", "parts": "split"}
    return next((command for key, command in marks.items() if key in config), "check")


def _function(command: str) -> Callable[..., Any]:
    functions: dict[str, Callable[..., Any]] = {"check": check, "split": split, "train": train, "evaluate": evaluate}
    return functions[command]


def _parameters(command: str) -> dict[str, str]:
    """Return the parameters of a command that its runs record, with their keys in the run's config."""
    return {name: name for name in inspect.signature(_function(command)).parameters if name not in _NOT_OF_THE_RUN}


def _value(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"path", "sha256"}:
        return value["path"]
    return tuple(value) if isinstance(value, list) else value


def _models(run: Run) -> tuple[str, tuple[str, ...]]:
    with run.reading("run.json"):
        first, *rest = run.facts["config"]["models"]
    return first, tuple(rest)


def _changed_settings(config: dict[str, Any]) -> list[str]:
    """Return the settings without an option whose value in a run is not the one of this version."""
    defaults = {
        "split": asdict(SplitConfig(seed=config.get("seed", 0), folds=config.get("folds", SplitConfig.folds))),
        "head": asdict(HeadConfig(ordered=bool(config.get("ordered")))),
    }
    return [
        f"{part}.{name}"
        for part, settings in defaults.items()
        for name, value in (config.get(part) or {}).items()
        if name not in settings or _value(value) != _value(settings[name])
    ]
