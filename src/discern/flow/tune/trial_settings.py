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
from discern.training.method_config import DEFAULT_METHOD

METHOD = "method"
_INPUTS: dict[str, type] = {"backbone": str, "size": int, "fit": str, "views": int}
_OF_PROBE: dict[str, type] = {"strength": float, "stage_scale": float}


def _method_options() -> dict[str, type]:
    hints = typing.get_type_hints(MethodConfig)
    types = {
        name: next(kind for kind in typing.get_args(hint) if kind is not type(None))
        for name, hint in hints.items()
        if name != "name"
    }
    return {METHOD: str, **types}


def option_types() -> dict[str, type]:
    """Return the type of each option that a search space may name."""
    return _INPUTS | _OF_PROBE | _method_options()


def is_used(name: str, method: str) -> bool:
    """Return True if a training method uses an option."""
    if name in _OF_PROBE:
        return method == DEFAULT_METHOD
    return name in _INPUTS or name == METHOD or name in MethodConfig(name=method).resolved()


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
        inputs = {name: values[name] for name in _INPUTS if name in values}
        if "backbone" in inputs:
            inputs["backbone"] = _resolve(inputs["backbone"])
        InputOptions.checked_input(**{name: value for name, value in inputs.items() if name != "backbone"})
        head: dict[str, Any] = {name: float(values[name]) for name in _OF_PROBE if name in values}
        method = {name: values[name] for name in _method_options() if name in values and name != METHOD}
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

    def default_of(self, name: str, method: str) -> Any:
        """Return the value that an option has if nobody sets it; None if the data or the backbone decide."""
        if name == METHOD:
            return self.training.method.name
        if name in _OF_PROBE:
            return getattr(HeadConfig(), name)
        if name in _INPUTS:
            default = getattr(self.preparing, name)
            return 2 if name == "views" and default is None else default
        return MethodConfig(name=method).resolved().get(name)


def _resolve(backbone: str) -> str:
    return str(resolve_path(backbone)) if Path(backbone).suffix.lower() == ".onnx" else backbone
