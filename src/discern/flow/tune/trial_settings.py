"""Training options that a study can search, and the settings of a trial."""

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from discern.flow.input_options import InputOptions
from discern.flow.paths import resolve_path
from discern.flow.prepare import PrepareConfig
from discern.heads import HeadConfig
from discern.training import MethodConfig, TrainConfig
from discern.training.method_config import DEFAULT_METHOD, SETTINGS, usable_options

METHOD, HIDDEN, NETWORK = "method", "hidden", "network"
OF_INPUT: dict[str, type] = {"backbone": str, "size": int, "fit": str, "views": int}
_OF_PROBE: dict[str, type] = {"strength": float, "stage_scale": float}
# The time of a trial is that of the study.
_NOT_SEARCHED = ("budget",)


def option_types() -> dict[str, type]:
    """Return the type of each option that a search space may name."""
    hints = typing.get_type_hints(MethodConfig)
    types = {
        name: next(kind for kind in typing.get_args(hints[name]) if kind is not type(None))
        for name in SETTINGS
        if name not in _NOT_SEARCHED
    }
    return {**OF_INPUT, **_OF_PROBE, METHOD: str, **types}


def is_used(name: str, method: str, beside: Mapping[str, Any]) -> bool:
    """Return True if a training method uses an option.

    Args:
        name: the option.
        method: the method.
        beside: other options that are given, such as `hidden` or `network`.
    """
    if name in _OF_PROBE:
        return method == DEFAULT_METHOD and HIDDEN not in beside
    return name in OF_INPUT or name == METHOD or name in usable_options(method, beside)


@dataclass(frozen=True, kw_only=True)
class TrialSettings:
    """Settings with which a trial prepares pictures and trains.

    Attributes:
        preparing: how pictures become features.
        training: how the classifier is trained.
    """

    preparing: PrepareConfig
    training: TrainConfig

    def replaced(self, values: Mapping[str, Any]) -> Self:
        """Return these settings with the values of a trial, by the names of the options.

        Raises:
            UsageError: a value is out of range, or the method does not use an option.
        """
        inputs = {name: values[name] for name in OF_INPUT if name in values}
        if "backbone" in inputs:
            inputs["backbone"] = _resolve(inputs["backbone"])
        InputOptions.checked_input(**{name: value for name, value in inputs.items() if name != "backbone"})
        head: dict[str, Any] = {name: float(values[name]) for name in _OF_PROBE if name in values}
        method = {name: values[name] for name in SETTINGS if name in values}
        name = values.get(METHOD, self.training.method.name)
        return dataclasses.replace(
            self,
            preparing=dataclasses.replace(self.preparing, **inputs),
            training=dataclasses.replace(
                self.training,
                head=dataclasses.replace(self.training.head, **head),
                method=MethodConfig(name=name, **method),
            ),
        )

    def default_of(self, name: str, method: str, beside: Mapping[str, Any]) -> Any:
        """Return the value that an option has if nobody sets it; None if the data or the backbone decide.

        Args:
            name: the option.
            method: the training method.
            beside: other options that are given, as of `is_used`.
        """
        if name == METHOD:
            return self.training.method.name
        if name in _OF_PROBE:
            return getattr(HeadConfig(), name)
        if name in OF_INPUT:
            default = getattr(self.preparing, name)
            return 2 if name == "views" and default is None else default
        return usable_options(method, beside).get(name)


def _resolve(backbone: str) -> str:
    return str(resolve_path(backbone)) if Path(backbone).suffix.lower() == ".onnx" else backbone
