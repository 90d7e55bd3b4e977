"""From features and a split to a head, and to answers that it could not have learned by heart."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from discern.catalog import Catalog
from discern.features import Backbone
from discern.heads import FittedHead, HeadFitter, Negatives, baselines, predict_in_blocks
from discern.picture import Recipe
from discern.progress import Progress, silent
from discern.splitting import TEST, Split, random_split
from discern.store import Rows
from discern.training.config import TrainConfig


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Probabilities for pictures that were held out when the head that gave them was fitted.

    Attributes:
        rows: int `[M]`, the pictures' rows in the catalog.
        probabilities: float32 `[M, K]`, calibrated.
    """

    rows: np.ndarray
    probabilities: np.ndarray


@dataclass(frozen=True, kw_only=True)
class ScoredPredictions(Predictions):
    """The same with how strange the pictures looked.

    Attributes:
        unknown_score: float32 `[M]`.
        t_unknown: float `[M]`, the threshold of the head that answered.
    """

    unknown_score: np.ndarray
    t_unknown: np.ndarray


@dataclass(frozen=True, kw_only=True)
class HeldOutPredictions(ScoredPredictions):
    """All that a head says to pictures that were held out when it was fitted.

    Attributes:
        uncalibrated: float32 `[M, K]`, before the temperature.
    """

    uncalibrated: np.ndarray


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """What came of a training.

    Attributes:
        final: the head that ships.
        honest: its answers, or those of its recipe, on a split that leaks nothing.
        chosen_by: what was said to learned pictures by heads that had not learned their group, when it was chosen.
        naive: the recipe's answers on a random split that ignores groups.
        given: the recipe's answers on the parts as they were given; None where there were none.
        baselines: probabilities `[M, K]` of simple rivals, for the rows of `honest`.
        learned: int, the catalog rows that the final head was fitted on.
    """

    final: FittedHead
    honest: HeldOutPredictions
    chosen_by: ScoredPredictions
    naive: Predictions
    given: Predictions | None
    baselines: Mapping[str, np.ndarray]
    learned: np.ndarray


@dataclass(frozen=True, kw_only=True)
class AppliedFixes:
    """What a person's fixes changed.

    Attributes:
        dropped: how many pictures they took out.
        relabelled: how many they gave another label.
        label: int `[N]`, each picture's label as it came, a place in the labels; -1 where it is none of them.
    """

    dropped: int
    relabelled: int
    label: np.ndarray


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """What is learned from.

    Attributes:
        catalog: N pictures.
        features: float32 `[R, D]`, one row for each readable picture.
        position: int `[N]`, a picture's row in `features`, or -1.
        backbone: what saw the pictures.
        recipe: how each became the backbone's input.
        negatives: pictures of none of the classes; None where none were given.
        negative_content: their content hashes, hex.
        fixed: what fixes changed; None where none were applied.
    """

    catalog: Catalog
    features: Rows
    position: np.ndarray
    backbone: Backbone
    recipe: Recipe
    negatives: Negatives | None = None
    negative_content: tuple[str, ...] = ()
    fixed: AppliedFixes | None = None

    def rows(self, rows: np.ndarray) -> Rows:
        """The features of some catalog rows."""
        return self.features.select(self.position[rows])

    def weights(self, rows: np.ndarray) -> np.ndarray:
        """Weights that make each distinct picture among some rows count once, float64."""
        _, inverse, count = np.unique(self._picture[rows], return_inverse=True, return_counts=True)
        return np.asarray(1.0 / count[inverse])

    @cached_property
    def _picture(self) -> np.ndarray:
        """Int `[N]`, the same for the same pixels."""
        return self.catalog.table["pixels"].fill_null("").rank("dense").to_numpy()

    def learning_weights(self, rows: np.ndarray, group: np.ndarray) -> np.ndarray:
        """Weights to learn by, float64: n different pictures of one group count as the root of n.

        Pictures of a burst or film repeat each other: twenty say more than one, but less than twenty others.

        Args:
            rows: int `[M]`, of the catalog.
            group: int `[M]`, theirs.
        """
        distinct = self.weights(rows)
        _, place = np.unique(group, return_inverse=True)
        weights = distinct / np.sqrt(np.bincount(place, distinct))[place]
        return np.asarray(weights * (distinct.sum() / weights.sum()))


def fit(material: TrainingData, split: Split, config: TrainConfig, progress: Progress = silent) -> FitResult:
    """Fit the head that ships, and judge it honestly, naively and as given."""
    rows = split.training_rows(TEST)
    fitter = _fitter(material, config, split, rows, left_out=split.left_out_among(rows), held=split.held_out)
    final = fitter.fit()
    if split.method == "test-part":
        honest = _answer(final, material, np.flatnonzero(split.test))
    else:
        honest = _cross(fitter, rows, split.fold, progress)
    return FitResult(
        final=final,
        honest=honest,
        chosen_by=_chosen_by(final, rows),
        naive=_learn_naive(material, split, config, progress),
        given=_learn_given(material, split, config),
        baselines=_answer_simply(material, split, config, honest.rows),
        learned=rows,
    )


def _fitter(
    material: TrainingData,
    config: TrainConfig,
    split: Split,
    rows: np.ndarray,
    *,
    fold: np.ndarray | None = None,
    left_out: Mapping[int, np.ndarray] | None = None,
    held: tuple[int, ...] | None = None,
    strangers: bool = True,
) -> HeadFitter:
    fold = split.fold if fold is None else fold
    return HeadFitter(
        material.rows(rows),
        material.catalog.label_index[rows],
        fold[rows],
        classes=len(material.catalog.labels),
        blocks=material.backbone.blocks,
        left_out=left_out,
        outer_folds=held,
        weights=material.learning_weights(rows, split.group[rows]),
        score_unknown=strangers,
        negatives=material.negatives if strangers else None,
        config=config.head,
        seed=config.seed,
    )


def _answer(fitted: FittedHead, material: TrainingData, rows: np.ndarray) -> HeldOutPredictions:
    features = material.rows(rows)
    return HeldOutPredictions(
        rows=rows,
        probabilities=fitted.probabilities(features),
        uncalibrated=fitted.uncalibrated(features),
        unknown_score=fitted.unknown_score(features),
        t_unknown=np.full(len(rows), fitted.t_unknown),
    )


def _chosen_by(final: FittedHead, rows: np.ndarray) -> ScoredPredictions:
    told = final.held_out
    return ScoredPredictions(
        rows=rows[told.positions],
        probabilities=told.probabilities,
        unknown_score=told.unknown_score,
        t_unknown=np.full(len(told.positions), final.t_unknown),
    )


def _cross(fitter: HeadFitter, rows: np.ndarray, fold: np.ndarray, progress: Progress) -> HeldOutPredictions:
    crossed = fitter.cross_fit(progress=progress)
    judged = fold[rows] >= 0
    return HeldOutPredictions(
        rows=rows[judged],
        probabilities=crossed.probabilities[judged],
        uncalibrated=crossed.uncalibrated[judged],
        unknown_score=crossed.unknown_score[judged],
        t_unknown=crossed.t_unknown[judged],
    )


def _learn_naive(material: TrainingData, split: Split, config: TrainConfig, progress: Progress) -> Predictions:
    """The recipe as most people judge it: random folds of the same sizes, copies and films on both sides."""
    naive = random_split(material.catalog, split, seed=config.seed)
    rows = naive.training_rows(TEST)
    fitter = _fitter(material, config, split, rows, fold=naive.fold, held=naive.held_out, strangers=False)
    judged = naive.fold[rows] >= 0
    return Predictions(rows=rows[judged], probabilities=fitter.cross_probabilities(progress)[judged])


def _learn_given(material: TrainingData, split: Split, config: TrainConfig) -> Predictions | None:
    """The recipe on the parts as they came, leaks and all."""
    leaks = np.zeros(len(split.fold), bool)
    leaks[split.left_out.get(TEST, [])] = True
    usable = split.train | split.test | leaks
    part = material.catalog.table["part"].fill_null("").to_numpy()
    test = usable & (part == ("test" if (part[usable] == "test").any() else "validation"))
    rows = np.flatnonzero(usable & ~test)
    if not test.any() or len(np.unique(material.catalog.label_index[rows])) < 2:
        return None
    head = _fitter(material, config, split, rows, fold=np.where(leaks, 0, split.fold), strangers=False).fit_head()
    judged = np.flatnonzero(test)
    return Predictions(rows=judged, probabilities=predict_in_blocks(material.rows(judged), head.probabilities))


def _answer_simply(
    material: TrainingData, split: Split, config: TrainConfig, judged: np.ndarray
) -> dict[str, np.ndarray]:
    """What simple rivals, which see colours and pixels alone, answer to the judged pictures."""
    rows = np.union1d(split.training_rows(TEST), judged)
    fold = np.where(split.test, 0, -1) if split.method == "test-part" else split.fold
    place, thumbs = np.searchsorted(rows, judged), material.catalog.thumbs
    answers = baselines(
        thumbs.select(rows) if isinstance(thumbs, Rows) else thumbs[rows],
        material.catalog.label_index[rows],
        fold[rows],
        classes=len(material.catalog.labels),
        outer_folds=(0,) if split.method == "test-part" else split.held_out,
        weights=material.weights(rows),
        seed=config.seed,
    )
    return {name: probabilities[place] for name, probabilities in answers.items()}


def tabulate(catalog: Catalog, held: HeldOutPredictions) -> pl.DataFrame:
    """Held-out answers as a table: row, path, label, answer, confidence, unknown_score, t_unknown."""
    labels = np.array(catalog.labels)
    return pl.DataFrame(
        {
            "row": held.rows,
            "path": catalog.table["path"].gather(held.rows),
            "label": labels[catalog.label_index[held.rows]],
            "answer": labels[held.probabilities.argmax(axis=1)],
            "confidence": held.probabilities.max(axis=1),
            "unknown_score": held.unknown_score,
            "t_unknown": held.t_unknown,
        }
    )
