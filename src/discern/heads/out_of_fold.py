"""Out-of-fold predictions that serve to detect label errors and outliers."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from discern.bundle.heads import Span, UnknownScorer, softmax
from discern.heads.config import HeadConfig
from discern.heads.feature_space import BLOCK, Features, FeatureSpace
from discern.heads.lda import LinearFit, fit_lda
from discern.heads.learner import ALL_BLOCKS, SOFT_LDA, Learner
from discern.heads.model_selection import HeldOutLogits, select
from discern.heads.space_cache import Spaces
from discern.heads.unknown.score import DEFAULT_SUM, combine, standardise, with_energy
from discern.parallel import parallel_map, single_threaded_blas

_NO_ROWS = np.zeros(0, np.int64)
# Exponents of the estimated shrinkage: more shrinkage than a classifier needs, so that fewer wrong labels are fitted
# (benchmarks/issue_detection.py: more look-alike wrong labels are found).
_SOFTER = {f"{SOFT_LDA}er": 0.25, f"{SOFT_LDA}est": 0.125}


@dataclass(frozen=True, kw_only=True, eq=False)
class OutOfFoldPredictions:
    """Out-of-fold class probabilities and out-of-distribution scores of a data set.

    Attributes:
        probabilities: float32 `[N, K]`, calibrated on all of them together; NaN for pictures of no fold.
        unknown_score: float32 `[N]`, about 0 for known pictures, larger is farther from the rest; NaN likewise.
    """

    probabilities: np.ndarray
    unknown_score: np.ndarray


class _ShrunkLearner(Learner):
    """Learner of LDA heads with strong shrinkage, which memorise fewer label errors."""

    def _other_heads(
        self,
        space: FeatureSpace,  # noqa: ARG002
        folds: frozenset[int],
        extra: np.ndarray,
        rows: np.ndarray,  # noqa: ARG002
    ) -> dict[str, LinearFit]:
        scatter = self._scatter(ALL_BLOCKS, folds, extra)
        return {name: fit_lda(scatter, scatter.shrinkage**power) for name, power in _SOFTER.items()}


@single_threaded_blas()
def predict_out_of_fold(
    features: Features,
    labels: np.ndarray,
    fold: np.ndarray,
    *,
    classes: int,
    blocks: Mapping[str, Span],
    left_out: Mapping[int, np.ndarray] | None = None,
    weights: np.ndarray | None = None,
    config: HeadConfig | None = None,
    seed: int = 0,
    spaces: Spaces | None = None,
) -> OutOfFoldPredictions:
    """Compute out-of-fold predictions by LDA with cross-validated shrinkage.

    Args:
        features: `[N, D]`.
        labels: int `[N]` in 0..classes - 1.
        fold: int `[N]`; pictures of fold -1 are in every training set and not predicted.
        classes: K; some may have no picture.
        blocks: start and end of the embedding's named blocks, "head" first.
        left_out: fold -> positions excluded from training when that fold is predicted.
        weights: float64 `[N]`, sample weights; None: 1 each.
        config: settings of the head.
        seed: random seed.
        spaces: feature spaces of these pictures, shared with other fits on them; None: not shared.
    """
    fold, numbers = np.asarray(fold), np.unique(fold[fold >= 0]).tolist()
    weights = np.ones(len(labels)) if weights is None else np.asarray(weights, np.float64)
    probabilities = np.full((len(labels), classes), np.nan, np.float32)
    score = np.full(len(labels), np.nan, np.float32)
    if len(numbers) < 2:
        return OutOfFoldPredictions(probabilities=probabilities, unknown_score=score)
    learner = _ShrunkLearner(
        features,
        labels,
        fold,
        weights,
        classes=classes,
        spans=tuple(blocks.values()),
        held_out=tuple(numbers),
        score_unknown=True,
        config=config or HeadConfig(),
        seed=seed,
        lda_only=True,
        spaces=spaces,
    )
    jobs = [partial(_predict_fold, learner, fold, number, (left_out or {}).get(number, _NO_ROWS)) for number in numbers]
    parts, scorers = zip(*parallel_map(jobs), strict=True)
    held_out = HeldOutLogits.join(parts)
    selection = select(held_out, labels, weights)
    logits = selection.logits(held_out.logits, held_out.present)
    probabilities[held_out.positions] = softmax(logits)
    measures, mass = with_energy(held_out.measures, logits), weights[held_out.positions]
    score[held_out.positions] = combine(standardise(scorers[0], measures, mass, DEFAULT_SUM), measures)
    return OutOfFoldPredictions(probabilities=probabilities, unknown_score=score)


def _predict_fold(
    learner: Learner, fold: np.ndarray, number: int, left_out: np.ndarray
) -> tuple[HeldOutLogits, UnknownScorer]:
    rows = np.flatnonzero(fold == number)
    candidates = learner.fit(frozenset([number]), left_out)
    assert candidates.scorer is not None
    shares = np.array_split(rows, max(1, -(-len(rows) // BLOCK)))
    return HeldOutLogits.join([learner.predict(candidates, share) for share in shares]), candidates.scorer
