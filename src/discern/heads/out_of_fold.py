"""What is said to every picture by a head that had learned without it: good enough to doubt a label by."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from discern.bundle.heads import Span, UnknownScorer, softmax
from discern.heads.config import HeadConfig
from discern.heads.feature_space import BLOCK, Features
from discern.heads.lda import Linear, fit_lda
from discern.heads.learner import SOFT, STAGES, Learner
from discern.heads.model_selection import HeldOutLogits, select
from discern.heads.unknown.score import FIXED, combine, standardise, with_energy
from discern.parallel import parallel_map

_NOBODY = np.zeros(0, np.int64)
_SOFTER = {f"{SOFT}er": 0.25, f"{SOFT}est": 0.125}


@dataclass(frozen=True, kw_only=True, eq=False)
class OutOfFoldPredictions:
    """What a plain head says to each picture that it had not learned.

    Attributes:
        probabilities: float32 `[N, K]`, calibrated over all of them together; NaN for pictures in no fold.
        unknown_score: float32 `[N]`, about 0 for known pictures, larger is stranger; NaN likewise.
    """

    probabilities: np.ndarray
    unknown_score: np.ndarray


class _ShrunkLearner(Learner):
    """Learns discriminants alone, each shrunk further: what fits less closely learns fewer wrong labels by heart."""

    def _others(self, folds: frozenset[int], extra: np.ndarray, rows: np.ndarray) -> dict[str, Linear]:  # noqa: ARG002
        scatter = self._scatter(STAGES, folds, extra)
        return {name: fit_lda(scatter, scatter.shrinkage**power) for name, power in _SOFTER.items()}


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
) -> OutOfFoldPredictions:
    """Answer each fold by a discriminant of the others; how far it is shrunk is chosen by all of them together.

    Args:
        features: `[N, D]`.
        labels: int `[N]` in 0..classes - 1.
        fold: int `[N]`; pictures of fold -1 are learned from and not answered.
        classes: K; some may have no picture.
        blocks: start and end of the embedding's named blocks, "head" first.
        left_out: fold -> positions not to be learned from while that fold is answered.
        weights: float64 `[N]`, how much each picture counts; None: 1 each.
        config: settings.
        seed: of every random choice.
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
        apart=tuple(numbers),
        strangers=True,
        config=config or HeadConfig(),
        seed=seed,
        plain=True,
    )
    jobs = [partial(_answer, learner, fold, number, (left_out or {}).get(number, _NOBODY)) for number in numbers]
    told, scorers = zip(*parallel_map(jobs), strict=True)
    answers = HeldOutLogits.join(told)
    choice = select(answers, labels, weights)
    logits = choice.logits(answers.logits, answers.present)
    probabilities[answers.positions] = softmax(logits)
    measures, mass = with_energy(answers.measures, logits), weights[answers.positions]
    score[answers.positions] = combine(standardise(scorers[0], measures, mass, FIXED), measures)
    return OutOfFoldPredictions(probabilities=probabilities, unknown_score=score)


def _answer(
    learner: Learner, fold: np.ndarray, number: int, left_out: np.ndarray
) -> tuple[HeldOutLogits, UnknownScorer]:
    rows = np.flatnonzero(fold == number)
    learned = learner.learn(frozenset([number]), left_out)
    assert learned.scorer is not None
    shares = np.array_split(rows, max(1, -(-len(rows) // BLOCK)))
    return HeldOutLogits.join([learner.answer(learned, share) for share in shares]), learned.scorer
