"""Presets: method, backbone and settings of known systems, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from discern.errors import UsageError
from discern.training.durations import parse_duration
from discern.training.method_config import DEFAULT_METHOD, SETTINGS, MethodConfig, option_name, usable_options

DEFAULT_BACKBONE = "lite0"
# Options of a preset that are not settings of its method.
_OF_THE_INPUT = ("method", "backbone", "size", "fit")
CHOICES = (*_OF_THE_INPUT, *SETTINGS)
"""Names of the options of `choose_method`."""
_CROP: dict[str, Any] = {"size": 224, "fit": "crop"}
_SQUASH: dict[str, Any] = {"size": 224, "fit": "squash"}
_CNN: dict[str, Any] = {"method": "scratch", "backbone": DEFAULT_BACKBONE, "batch": 32, "lr": 1e-3}
_HEAD: dict[str, Any] = {"method": "probe", "hidden": 256, "dropout": 0.2}
_RESNET50, _RESNET101 = {"backbone": "torchvision/resnet50"}, {"backbone": "torchvision/resnet101"}
_DENSE: dict[str, Any] = {"hidden": 128, "dropout": 0.5}
PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "bins-simple": _CNN | _SQUASH | {"network": "bins-simple", "epochs": 7, "hidden": 84, "augment": "none"},
        "bins-benchmark": _HEAD | _SQUASH | _RESNET50 | {"epochs": 5, "batch": 32, "lr": 5e-3},
        "bins-tuned": _HEAD | _SQUASH | _RESNET50 | {"epochs": 7, "batch": 64, "lr": 0.016},
        "banana-cnn": _CNN | _CROP | _DENSE | {"network": "banana-cnn", "epochs": 30, "augment": "light"},
        "banana-transfer": _HEAD | _CROP | _RESNET101 | {"epochs": 30, "batch": 32, "lr": 1e-3},
        "nursing-cnn": _CNN | _CROP | _DENSE | {"network": "nursing-cnn", "epochs": 20, "augment": "strong"},
        "nursing-transfer": _HEAD | _CROP | _RESNET50 | {"epochs": 20, "batch": 32, "lr": 1e-3},
        "fruit-resnet": _CROP
        | {"method": "finetune", "backbone": "timm/resnet34", "epochs": 10, "batch": 64, "lr": 1e-4}
        | {"weight_decay": 0.001},
    }
)
"""Options of each preset by their parameters' names; docs/methods.md says where they come from."""


@dataclass(frozen=True, kw_only=True)
class ChosenMethod:
    """Training method and backbone that a user's options and a preset stand for.

    Attributes:
        config: the method and its settings.
        backbone: name, or path of an ONNX file.
        size: side of the network's input in pixels, or None.
        fit: "crop", "pad" or "squash", or None.
    """

    config: MethodConfig
    backbone: str = DEFAULT_BACKBONE
    size: int | None = None
    fit: str | None = None


def choose_method(preset: str | None = None, **given: Any) -> ChosenMethod:
    """Return the method and the backbone of a preset, or the defaults, where no option is given.

    A given method keeps those settings of the preset that it uses.

    Args:
        preset: name of the preset, or None.
        given: the options of `CHOICES`; None where not given. The budget may be text such as "20m".

    Raises:
        UsageError: there is no such preset, or a value is invalid.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    if "budget" in chosen:
        chosen["budget"] = parse_duration(chosen["budget"], name="budget")
    if preset is not None:
        defaults = preset_options(preset)
        method = chosen.get("method", defaults["method"])
        used = usable_options(method, {**(defaults if method == defaults["method"] else {}), **chosen})
        chosen = {name: value for name, value in defaults.items() if name in used or name in _OF_THE_INPUT} | chosen
    return ChosenMethod(
        backbone=chosen.pop("backbone", DEFAULT_BACKBONE),
        size=chosen.pop("size", None),
        fit=chosen.pop("fit", None),
        config=MethodConfig(name=chosen.pop("method", DEFAULT_METHOD), preset=preset, **chosen),
    )


def preset_options(name: str) -> Mapping[str, Any]:
    """Return the options that a preset stands for.

    Raises:
        UsageError: there is no such preset.
    """
    if name not in PRESETS:
        raise UsageError(f"Unknown preset: {name}.", hint=f"Use one of: {', '.join(PRESETS)}.")
    return PRESETS[name]


def beyond_preset(name: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options without those that a preset, if there is one, stands for."""
    standing = PRESETS.get(name or "", {})
    return {key: value for key, value in options.items() if key not in standing or value != standing[key]}


def spell_options(options: Mapping[str, Any]) -> str:
    """Return options as on a command line, the method first.

    >>> spell_options({"lr": 0.001, "mirror": False, "method": "scratch"})
    '--method scratch --lr 0.001 --no-mirror'
    """
    return " ".join(word for name in CHOICES if name in options for word in option_words(name, options[name]))


def explain_method(config: MethodConfig) -> str:
    """Return a sentence on why a method was used."""
    if config.preset is not None:
        options = preset_options(config.preset)
        own = beyond_preset(config.preset, {"method": config.name} | config.given())
        changed = f", here with {spell_options(own)}" if own else ""
        return f"It was asked for with --preset {config.preset}, which stands for {spell_options(options)}{changed}."
    if config.name == DEFAULT_METHOD and not config.given():
        return "It is the default: a head on frozen features takes seconds."
    return f"It was asked for with {spell_options({'method': config.name} | config.given())}."


def option_words(name: str, value: Any) -> tuple[str, ...]:
    """Return an option as words of a command line."""
    if isinstance(value, bool):
        return (option_name(name if value else f"no_{name}"),)
    return option_name(name), f"{value:.10g}" if isinstance(value, float) else str(value)
