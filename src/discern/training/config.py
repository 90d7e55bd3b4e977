"""Settings that control the training and evaluation of an image classifier."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from discern.errors import UsageError
from discern.heads import HeadConfig
from discern.splitting import SplitConfig
from discern.training.method_config import MethodConfig

AUTO: Literal["auto"] = "auto"
_SMALLEST_RISK = 1e-6  # not tuned


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Settings for training and evaluating an image classifier.

    Attributes:
        seed: random seed; the same seed gives the same result.
        split: settings of the split.
        head: settings of the head.
        at_most_wrong: error limit, in (0, 1): share of independent groups with an error among accepted predictions;
            "auto" for the strictest of 5, 10 and 20 % that holds; None to accept nothing.
        coverage: share of prediction sets that shall contain the true label, in (0, 1); None for no sets.
        method: the training method and its settings.
        folds: number of folds of cross-validation that was asked for, as in `split`; None if it is up to the data.

    Raises:
        UsageError: a value is out of range, or ordered labels would be smoothed.
    """

    seed: int = 0
    split: SplitConfig = field(default_factory=SplitConfig)
    head: HeadConfig = field(default_factory=HeadConfig)
    at_most_wrong: float | Literal["auto"] | None = AUTO
    coverage: float | None = 0.9
    method: MethodConfig = field(default_factory=MethodConfig)
    folds: int | None = None

    def __post_init__(self) -> None:
        for name in ("at_most_wrong", "coverage"):
            share = getattr(self, name)
            if name == "at_most_wrong" and share == AUTO:
                continue
            if share is not None and (isinstance(share, str) or not 0 < share < 1):
                choices = "auto or none" if name == "at_most_wrong" else "or none"
                raise UsageError(f"Invalid {name}: {share}.", hint=f"Pass a share between 0 and 1, {choices}.")
        if isinstance(self.at_most_wrong, float) and self.at_most_wrong < _SMALLEST_RISK:
            raise UsageError(
                f"Invalid at_most_wrong: {self.at_most_wrong}. No number of pictures could prove so few errors.",
                hint=f"Pass at least {_SMALLEST_RISK:.6f}, or none.",
            )
        if self.head.ordered and self.method.label_smoothing:
            raise UsageError("Ordered labels cannot be smoothed.", hint="Leave out --label-smoothing, or --ordered.")

    def to_json(self) -> dict[str, Any]:
        """Convert the training settings to the JSON-ready values of `run.json` and the bundle."""
        plain = asdict(self)
        del plain["method"]
        if not self.split.draw_test:
            del plain["split"]["draw_test"]  # as earlier versions wrote it, so that their runs can be resumed
        folds = {} if plain.pop("folds") is None else {"folds": self.folds}
        return plain | folds | self.method.to_json()


def plan_split(seed: int, folds: int | None, method: MethodConfig) -> SplitConfig:
    """Return the settings of the split for a method: networks are judged on a test part, so that few are trained.

    Args:
        seed: random seed.
        folds: number of folds of cross-validation that was asked for; None if it was not.
        method: the training method.
    """
    if folds is not None:
        return SplitConfig(seed=seed, folds=folds)
    return SplitConfig(seed=seed, draw_test=method.trains_networks)
