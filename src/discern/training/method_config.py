"""Settings that choose a training method and control its fit."""

from dataclasses import dataclass
from typing import Any

from discern.errors import UsageError

DEFAULT_METHOD = "probe"
SCRATCH = "scratch"
FINETUNE = "finetune"
# Starting points of a small network, not tuned.
_DEFAULTS: dict[str, dict[str, Any]] = {
    DEFAULT_METHOD: {},
    SCRATCH: {"epochs": 30, "batch": 32, "lr": 3e-3},
    FINETUNE: {"epochs": 8, "batch": 32, "lr": 3e-4},
}
_MOST_EPOCHS, _LARGEST_BATCH, _HIGHEST_LR = 10_000, 65_536, 10.0  # not tuned: beyond any sensible value
METHOD_NAMES = tuple(_DEFAULTS)


@dataclass(frozen=True, kw_only=True)
class MethodConfig:
    """Settings of a training method; None stands for the method's default.

    Attributes:
        name: "probe" (a head on frozen features), "scratch" (a small network that learns from the pictures alone) or
            "finetune" (the network of the frozen features learns as well).
        epochs: most passes over the training pictures.
        batch: number of pictures in a step.
        lr: highest learning rate.

    Raises:
        UsageError: the method is unknown, a value is out of range, or the method has no such setting.
    """

    name: str = DEFAULT_METHOD
    epochs: int | None = None
    batch: int | None = None
    lr: float | None = None

    def __post_init__(self) -> None:
        if self.name not in _DEFAULTS:
            raise UsageError(f"Unknown training method: {self.name}.", hint=f"Use one of: {', '.join(METHOD_NAMES)}.")
        ignored = [name for name in self._given() if name not in _DEFAULTS[self.name]]
        if ignored:
            able = [name for name, settings in _DEFAULTS.items() if ignored[0] in settings]
            raise UsageError(
                f"The method {self.name!r} does not use {', '.join(f'--{name}' for name in ignored)}.",
                hint=f"Leave it out, or choose a method that does: --method {' or '.join(able)}.",
            )
        _require_within("epochs", self.epochs, 1, _MOST_EPOCHS, whole=True)
        _require_within("batch", self.batch, 2, _LARGEST_BATCH, whole=True)
        _require_within("lr", self.lr, 1e-9, _HIGHEST_LR, whole=False)

    def resolved(self) -> dict[str, Any]:
        """Return the settings that the method uses, with its defaults for those that are not given."""
        return _DEFAULTS[self.name] | self._given()

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON-ready values; empty for the default method, as earlier versions wrote them."""
        return {} if self.name == DEFAULT_METHOD else {"method": self.name} | self._given()

    def _given(self) -> dict[str, Any]:
        given = {"epochs": self.epochs, "batch": self.batch, "lr": self.lr}
        return {name: value for name, value in given.items() if value is not None}


def _require_within(name: str, value: Any, low: float, high: float, *, whole: bool) -> None:
    if value is None:
        return
    is_number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:
        form = "a whole number" if whole else "a number"
        raise UsageError(f"Invalid {name}: {value}.", hint=f"Pass {form} from {low:g} to {high:g}.")
