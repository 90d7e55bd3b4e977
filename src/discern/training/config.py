"""What a training is asked for."""

from dataclasses import asdict, dataclass, field
from typing import Any

from discern.heads import HeadConfig
from discern.splitting import SplitConfig


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The settings of one training.

    Attributes:
        seed: of every random choice; the same seed gives the same result.
        split: how the pictures are parted.
        head: which heads are tried, and how strangers are told.
    """

    seed: int = 0
    split: SplitConfig = field(default_factory=SplitConfig)
    head: HeadConfig = field(default_factory=HeadConfig)

    def to_json(self) -> dict[str, Any]:
        """Plain values for `run.json` and the bundle."""
        return asdict(self)
