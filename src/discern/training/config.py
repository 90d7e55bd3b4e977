"""What a training is asked for."""

from dataclasses import asdict, dataclass, field
from typing import Any

from discern.errors import UsageError
from discern.heads import HeadConfig
from discern.splitting import SplitConfig


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The settings of one training.

    Attributes:
        seed: of every random choice; the same seed gives the same result.
        split: how the pictures are parted.
        head: which heads are tried, and how strangers are told.
        at_most_wrong: the share of accepted answers that may be wrong, in 0..1 (exclusive); None: nothing is accepted.
        coverage: how often an answer's set of labels is to hold the right one, likewise; None: there are no sets.
    """

    seed: int = 0
    split: SplitConfig = field(default_factory=SplitConfig)
    head: HeadConfig = field(default_factory=HeadConfig)
    at_most_wrong: float | None = 0.05
    coverage: float | None = 0.9

    def __post_init__(self) -> None:
        for name in ("at_most_wrong", "coverage"):
            share = getattr(self, name)
            if share is not None and not 0 < share < 1:
                raise UsageError(f"{name} is {share}.", hint="Give a share between 0 and 1, or none.")

    def to_json(self) -> dict[str, Any]:
        """Plain values for `run.json` and the bundle."""
        return asdict(self)
