"""What a head is asked for."""

from dataclasses import dataclass

from discern.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class HeadConfig:
    """Settings of the head and of the unknown score.

    Attributes:
        false_rejection: share of known pictures that may be called unknown, in 0..1 (exclusive).
        stage_scale: weight of each block after the first (the head's mean), relative to it.
        strength: C of the logistic regression on blocks of unit length; larger fits more closely.
        prototypes: how many centres stand for the learned pictures in the unknown score.
        rank: how many directions within classes the unknown score discounts.
        ordered: the labels' order means something: heads that use it are tried too, and the one whose median label is
            least far from the truth is chosen.
    """

    false_rejection: float = 0.05
    stage_scale: float = 0.7
    strength: float = 10.0
    prototypes: int = 128
    rank: int = 128
    ordered: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.false_rejection < 1:
            raise UsageError(f"false_rejection is {self.false_rejection}.", hint="Give a share between 0 and 1.")
        if min(self.stage_scale, self.strength) <= 0 or min(self.prototypes, self.rank) < 1:
            raise UsageError("stage_scale, strength, prototypes and rank must be positive.")
