"""Settings for fitting classifier heads."""

from dataclasses import dataclass

from discern.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class HeadConfig:
    """Settings of a classifier head and its out-of-distribution score.

    The defaults are not tuned to a data set; benchmarks/head_accuracy.py and benchmarks/unknown_auroc.py measure what
    they achieve.

    Attributes:
        false_rejection: largest share of known pictures that may be classified as unknown, in 0..1 (exclusive).
        stage_scale: weight of each block of the embedding after the first (the head's mean), relative to the first.
        strength: C of the logistic regression on unit-length blocks, the inverse of the L2 penalty.
        prototypes: number of k-means centres of the training pictures in the unknown score.
        rank: number of within-class directions that the unknown score discounts.
        ordered: treat the labels as ordinal: ordinal heads are candidates, too, and the candidate is selected whose
            median label has the smallest mean absolute error.
    """

    false_rejection: float = 0.05
    stage_scale: float = 0.7
    strength: float = 10.0
    prototypes: int = 128
    rank: int = 128
    ordered: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.false_rejection < 1:
            raise UsageError(
                f"false_rejection must be between 0 and 1, not {self.false_rejection}.",
                hint="Pass a share such as 0.05.",
            )
        if min(self.stage_scale, self.strength) <= 0 or min(self.prototypes, self.rank) < 1:
            raise UsageError("stage_scale, strength, prototypes and rank must be positive.")
