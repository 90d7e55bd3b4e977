"""Settings that choose a training method and control its fit."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from discern.errors import UsageError
from discern.training.durations import MOST_SECONDS

DEFAULT_METHOD, SCRATCH, FINETUNE, AUTO_METHOD = "probe", "scratch", "finetune", "auto"
WEIGHT_DECAY = 0.05  # not tuned
# The settings that a method uses, with their defaults: starting points, not tuned.
_OF_THE_LOOP = {"weight_decay": WEIGHT_DECAY, "label_smoothing": 0.0, "balance": "none", "device": "auto"}
_OF_PICTURES = {"augment": "light", "mirror": True}
_OF_STRONG = {"label_smoothing": 0.1}  # with strong augmentation, as in Szegedy et al., 2016
# The rate of fine-tuning rests on one run each of lite0 on 186 bananas, judged on 47 of validation groups: 3e-4 first
# raised the log loss from 0.17 to 0.30, 1e-4 to 0.20, and both came to 0.155 within five epochs.
_DEFAULTS: dict[str, dict[str, Any]] = {
    DEFAULT_METHOD: {},
    SCRATCH: {"network": "small", "epochs": 30, "batch": 32, "lr": 3e-3, **_OF_THE_LOOP, **_OF_PICTURES},
    FINETUNE: {"epochs": 8, "batch": 32, "lr": 1e-4, **_OF_THE_LOOP, **_OF_PICTURES},
    AUTO_METHOD: {"budget": None, "epochs": 8, "batch": 32, "lr": 1e-4, **_OF_THE_LOOP, **_OF_PICTURES},
}
# Those of the probe with a hidden layer, and those that some networks of scratch have besides, or with other defaults.
_OF_HIDDEN = {"epochs": 50, "batch": 32, "lr": 1e-3, "hidden": 256, "dropout": 0.2, **_OF_THE_LOOP}
_OF_NETWORKS: dict[str, dict[str, Any]] = {
    "small": {},
    "resnet9": {},
    "banana-cnn": {"lr": 1e-3, "hidden": 128, "dropout": 0.5},
    "nursing-cnn": {"lr": 1e-3, "hidden": 128, "dropout": 0.5},
    "bins-simple": {"lr": 1e-3, "hidden": 84, "dropout": 0.0},
}
METHOD_NAMES = tuple(_DEFAULTS)
# Not tuned: beyond any sensible value.
_RANGES: dict[str, tuple[float, float, type]] = {
    "epochs": (1, 10_000, int),
    "batch": (2, 65_536, int),
    "lr": (1e-9, 10.0, float),
    "hidden": (1, 65_536, int),
    "dropout": (0.0, 0.95, float),
    "weight_decay": (0.0, 10.0, float),
    "label_smoothing": (0.0, 0.9, float),
    "budget": (1.0, MOST_SECONDS, float),
}
_CHOICES: dict[str, tuple[str, ...]] = {
    "network": tuple(_OF_NETWORKS),
    "augment": ("none", "light", "strong"),
    "balance": ("weights", "sampling", "none"),
    "device": ("auto", "cpu", "cuda", "mps"),
}


@dataclass(frozen=True, kw_only=True)
class MethodConfig:
    """Settings of a training method; None stands for the method's default.

    Attributes:
        name: "probe" (a head on frozen features), "scratch" (a small network that learns from the pictures alone),
            "finetune" (the backbone learns as well) or "auto" (the probe, and fine-tuning if that is better).
        preset: name of the preset that some of the other settings come from.
        network: the network of "scratch": "small", "resnet9", "banana-cnn", "nursing-cnn" or "bins-simple".
        epochs: maximum number of passes over the training pictures.
        batch: number of pictures in a step.
        lr: highest learning rate.
        hidden: width of the hidden layer.
        dropout: share of the hidden values that each step leaves out.
        weight_decay: decay of the weights, relative to the learning rate.
        label_smoothing: share of each label that is spread over all labels.
        augment: "none", "light" or "strong": random changes of the training pictures.
        mirror: whether these changes mirror pictures left to right.
        balance: "weights" or "sampling", so that all classes count alike; "none" to count all pictures alike.
        device: "auto", "cpu", "cuda" or "mps".
        budget: time limit of the whole fit, in seconds.

    Raises:
        UsageError: the method is unknown, a value is out of range, or the method has no such setting.
    """

    name: str = DEFAULT_METHOD
    preset: str | None = None
    network: str | None = None
    epochs: int | None = None
    batch: int | None = None
    lr: float | None = None
    hidden: int | None = None
    dropout: float | None = None
    weight_decay: float | None = None
    label_smoothing: float | None = None
    augment: str | None = None
    mirror: bool | None = None
    balance: str | None = None
    device: str | None = None
    budget: float | None = None

    def __post_init__(self) -> None:
        given = self.given()
        used = usable_options(self.name, given)
        for name, value in given.items():
            _check_value(name, value)
        if ignored := [name for name in given if name not in used]:
            raise UsageError(
                f"{self._title()} does not use {', '.join(map(option_name, ignored))}.",
                hint=f"Leave it out, or choose a method that does: {' or '.join(_able(ignored[0]))}.",
            )
        if self.mirror and self.augment == "none":
            raise UsageError("Without augmentation no picture is mirrored.", hint="Leave out --mirror.")

    def _title(self) -> str:
        network = f" with the network {self.network!r}" if self.network and self.name == SCRATCH else ""
        return f"The method {self.name!r}{network}"

    @property
    def trains_networks(self) -> bool:
        """Return True if each fit trains a whole network, which takes minutes or hours."""
        return self.name in (SCRATCH, FINETUNE, AUTO_METHOD)

    def given(self) -> dict[str, Any]:
        """Return the settings that have a value, except the name and the preset."""
        return {name: getattr(self, name) for name in SETTINGS if getattr(self, name) is not None}

    def resolved(self) -> dict[str, Any]:
        """Return the settings that the method uses, with its defaults for those that are not given."""
        return {**usable_options(self.name, self.given()), **self.given()}

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON-ready values; empty for the default method, as earlier versions wrote them."""
        method = {} if self.name == DEFAULT_METHOD else {"method": self.name}
        preset = {} if self.preset is None else {"preset": self.preset}
        return method | preset | self.given()


SETTINGS = tuple(each.name for each in fields(MethodConfig) if each.name not in ("name", "preset"))


def usable_options(method: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings that a method uses, some because of others that are given, with their defaults.

    Raises:
        UsageError: the method is unknown.
    """
    if method not in _DEFAULTS:
        raise UsageError(f"Unknown training method: {method}.", hint=f"Use one of: {', '.join(METHOD_NAMES)}.")
    defaults = _DEFAULTS[method]
    if method == DEFAULT_METHOD:
        return _OF_HIDDEN if "hidden" in given else defaults
    if "network" in defaults:
        defaults = defaults | _OF_NETWORKS.get(str(given.get("network", defaults["network"])), {})
    return defaults | _OF_STRONG if given.get("augment") == "strong" else defaults


def _able(setting: str) -> list[str]:
    """Return the options that choose a method with a setting."""
    able = [f"--method {name}" for name in METHOD_NAMES if setting in _DEFAULTS[name]]
    hidden = ["--method probe with --hidden"] if setting in _OF_HIDDEN else []
    networks = [name for name, settings in _OF_NETWORKS.items() if setting in settings and not able]
    return [*able, *hidden, *(f"--method scratch --network {name}" for name in networks)]


def option_name(setting: str) -> str:
    """Return the command-line option of a setting.

    >>> option_name("weight_decay"), option_name("mirror")
    ('--weight-decay', '--mirror')
    """
    return f"--{setting.replace('_', '-')}"


def _check_value(name: str, value: Any) -> None:
    if name in _CHOICES:
        if value not in _CHOICES[name]:
            raise UsageError(f"Invalid {name}: {value}.", hint=f"Use one of: {', '.join(_CHOICES[name])}.")
        return
    if name not in _RANGES:
        if not isinstance(value, bool):
            raise UsageError(f"Invalid {name}: {value}.", hint="Pass True or False.")
        return
    low, high, kind = _RANGES[name]
    is_number = isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:
        form = "a whole number" if kind is int else "a number"
        raise UsageError(f"Invalid {name}: {value}.", hint=f"Pass {form} from {low:g} to {high:g}.")
