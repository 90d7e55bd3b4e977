"""Methods and backbones of a comparison: the models to train, by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discern.errors import UsageError
from discern.training import METHOD_NAMES, PRESETS, ChosenMethod, MethodConfig, choose_method
from discern.training.method_config import SCRATCH

TUNED = "tuned"
_EVERYWHERE = ("probe", "scratch", "finetune", "tuned")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Model of a comparison that is to be trained.

    Attributes:
        name: method, followed by the backbone where there are several.
        method: name of a method or preset, or `TUNED`.
        backbone: name, or path of an ONNX file; None for that of the preset, or the default.
        chosen: the method with its settings; None for `TUNED`.
    """

    name: str
    method: str
    backbone: str | None
    chosen: ChosenMethod | None


def list_candidates(
    methods: Sequence[str],
    backbones: Sequence[str],
    settings: dict[str, Any],
    *,
    trials: int | None = None,
    folds: int | None = None,
) -> list[Candidate]:
    """Return the models of a comparison.

    A method that learns from the pictures alone is trained once, whatever the backbones; each setting goes to the
    methods that use it.

    Args:
        methods: names of methods and presets, or `TUNED`.
        backbones: names, or paths of ONNX files; empty for the default.
        settings: settings of methods, such as `epochs`; None where not given.
        trials: number of trials of `TUNED`; None where not given.
        folds: number of folds of a cross-validation; None for a test part.

    Raises:
        UsageError: a name is unknown or given twice, fewer than two models are asked for, or no method uses a setting.
    """
    _require_distinct("methods", methods)
    _require_distinct("backbones", backbones)
    found = []
    for method in methods:
        several = len(backbones) > 1 and method != SCRATCH
        own: Sequence[str | None] = (backbones if several else backbones[:1]) or [None]
        for backbone in own:
            name = f"{method}-{_stem(backbone)}" if several and backbone else method
            chosen = None if method == TUNED else _choose(method, backbone, settings)
            found.append(Candidate(name=name, method=method, backbone=backbone, chosen=chosen))
    if len(found) < 2:
        raise UsageError(
            "A comparison needs two or more models.", hint=f"Name several methods, such as {','.join(_EVERYWHERE)}."
        )
    _require_distinct("names of models", [each.name for each in found])
    _require_used(methods, settings)
    if trials is not None and TUNED not in methods:
        raise UsageError(f"Only {TUNED!r} uses --trials.", hint=f"Leave it out, or add {TUNED} to --methods.")
    if folds is not None and TUNED in methods:
        raise UsageError(
            f"{TUNED!r} needs a test part, which --folds does not set aside.", hint="Leave out one of the two."
        )
    return found


def _choose(method: str, backbone: str | None, settings: dict[str, Any]) -> ChosenMethod:
    if method in PRESETS:
        return choose_method(method, backbone=backbone)
    if method not in METHOD_NAMES:
        known = ", ".join([*METHOD_NAMES, TUNED, *PRESETS])
        raise UsageError(f"Unknown method to compare: {method}.", hint=f"Use some of: {known}.")
    used = MethodConfig(name=method).resolved()
    return choose_method(
        method=method,
        backbone=backbone,
        **{name: value for name, value in settings.items() if name in used},
    )


def _require_used(methods: Sequence[str], settings: dict[str, Any]) -> None:
    """Raise UsageError if a setting is given that no method uses; presets have their own."""
    for name, value in settings.items():
        uses = any(name in MethodConfig(name=each).resolved() for each in methods if each in METHOD_NAMES)
        if value is not None and not uses:
            raise UsageError(
                f"None of the methods {', '.join(methods)} uses --{name}.", hint="Leave it out, or add one that does."
            )


def _require_distinct(what: str, names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1 or not name})
    if twice:
        raise UsageError(
            f"The {what} to compare are not distinct: {', '.join(twice) or 'empty'}.", hint="Name each once."
        )


def _stem(backbone: str) -> str:
    """Return a backbone's name as a part of a folder's name."""
    name = Path(backbone).stem if backbone.lower().endswith(".onnx") else backbone
    return name.replace("/", "-")
