"""Nested cross-validation that fits, selects and calibrates classifier heads."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from discern.bundle.heads import AnyHead, Span, UnknownScorer, softmax
from discern.errors import DataError
from discern.heads.config import HeadConfig
from discern.heads.feature_space import Features, select_rows
from discern.heads.fitted_head import CrossFit, FittedHead, HeldOut, predict_in_blocks
from discern.heads.learner import LDA, FittedCandidates, Learner
from discern.heads.model_selection import HeldOutLogits, Selection, calibrate, select
from discern.heads.ordinal_selection import OrdinalSelection, select_ordinal
from discern.heads.random_subset import random_subset
from discern.heads.space_cache import Spaces
from discern.heads.temperature_correction import FoldAnswers, TemperatureCorrection, correct_temperature
from discern.heads.unknown.score import combine, rejection_threshold, select_sum, standardise, with_energy
from discern.heads.unknown.tuning import Negatives, UnknownTuning, tune_unknown
from discern.parallel import parallel_map
from discern.progress import Progress, silent

_NEVER_TRAIN = -1
_STRATIFIED_FOLDS = 5
_FEWEST_CLASSES_TO_HOLD_OUT = 4
_FEWEST_OUTER_FOLDS = 3  # one to answer, one to calibrate by, and one to fit on
# From 500 different pictures in the two neighbouring folds on, these select alone: a third fewer fits. 10,000 pictures
# are enough to select by; both save time and were not tuned for accuracy.
_MIN_SELECTION_ROWS, _MAX_SELECTION_ROWS = 500, 10_000
_NO_ROWS = np.zeros(0, np.int64)


class HeadFitter:
    """Fitter that selects and calibrates classifier heads by nested cross-validation.

    Heads without outer fold i and an inner fold j select, calibrate and give a threshold to the head without i. They
    serve outer fold j as well: 5 folds cost 10 + 5 + 1 fits, or 5 + 5 + 1 where two inner folds are enough to select
    by.

    Args:
        features: `[N, D]`, of the training pictures.
        labels: int `[N]` in 0..classes - 1; in ascending order of meaning if `config.ordered`.
        fold: int `[N]`; pictures of fold -1 are in every training set and never predicted.
        classes: K; some may have no picture.
        blocks: start and end of the embedding's named blocks, "head" first.
        left_out: fold -> positions excluded from training when that fold is predicted; -1: always excluded.
        outer_folds: the folds to predict; None: all.
        weights: float64 `[N]`, sample weights (copies of one picture share its weight); None: 1 each.
        score_unknown: if False, only `fit_head` and `cross_probabilities` are available, at less than half the cost.
        negatives: pictures of none of the classes that tune the unknown score; None: held-out classes select its sum.
        config: settings of the head.
        seed: random seed.
        centred: subtract the training mean from the blocks after the first; benchmarks/centred_blocks.py measures the
            gain.
        spaces: feature spaces of these pictures, shared with other fits on them; None: not shared.

    Raises:
        DataError: fewer than two pictures, labels out of range, or arrays of different lengths.
    """

    def __init__(
        self,
        features: Features,
        labels: np.ndarray,
        fold: np.ndarray,
        *,
        classes: int,
        blocks: Mapping[str, Span],
        left_out: Mapping[int, np.ndarray] | None = None,
        outer_folds: tuple[int, ...] | None = None,
        weights: np.ndarray | None = None,
        score_unknown: bool = True,
        negatives: Negatives | None = None,
        config: HeadConfig | None = None,
        seed: int = 0,
        centred: bool = True,
        spaces: Spaces | None = None,
    ) -> None:
        self._features, self._labels, self._fold = features, np.asarray(labels), np.asarray(fold)
        self._weights = np.ones(len(self._labels)) if weights is None else np.asarray(weights, np.float64)
        self._classes, self._blocks, self._config, self._seed = classes, dict(blocks), config or HeadConfig(), seed
        self._left_out = {key: np.asarray(rows, np.int64) for key, rows in (left_out or {}).items()}
        self._score_unknown, self._negatives, self._centred = score_unknown, negatives, centred
        self._check()
        self._folds = tuple(np.unique(self._fold[self._fold >= 0]).tolist())
        self._outer_folds = self._folds if outer_folds is None else tuple(outer_folds)
        self._learner = Learner(
            features,
            self._labels,
            self._fold,
            self._weights,
            classes=classes,
            spans=tuple(self._blocks.values()),
            held_out=self._held_out_folds(),
            score_unknown=score_unknown,
            config=self._config,
            seed=seed,
            centred=centred,
            spaces=spaces,
        )
        self._candidates: dict[frozenset[int], FittedCandidates] = {}
        self._logits: dict[frozenset[int], HeldOutLogits] = {}
        self._unknown_logits: dict[frozenset[int], HeldOutLogits] = {}
        self._selections: dict[frozenset[int], tuple[Selection | OrdinalSelection, HeldOutLogits]] = {}

    def _check(self) -> None:
        count = len(self._labels)
        if not len(self._features) == len(self._fold) == len(self._weights) == count:
            raise DataError(
                f"Lengths differ: {len(self._features)} feature rows, {count} labels, {len(self._fold)} folds, "
                f"{len(self._weights)} weights."
            )
        if count < 2 or self._labels.min() < 0 or self._labels.max() >= self._classes:
            raise DataError(f"A head needs at least two pictures with labels in 0..{self._classes - 1}; got {count}.")

    def fit(self, without: int | None = None) -> FittedHead:
        """Fit a calibrated classifier head on all folds, or on all except one.

        Fewer than two training folds are replaced with stratified folds that ignore groups.

        Raises:
            DataError: the training set is empty.
        """
        outer = frozenset() if without is None else frozenset([without])
        if self._has_too_few_folds(outer):
            # Folds that ignore groups give no held-out predictions that a policy could rest on.
            return replace(self._with_stratified_folds(outer).fit(), held_out=HeldOut.empty(self._classes))
        self._prepare_all([outer])
        return self._fit_outer(outer)

    def fit_head(self, without: int | None = None) -> AnyHead:
        """Fit a classifier head without its out-of-distribution score."""
        outer = frozenset() if without is None else frozenset([without])
        if self._has_too_few_folds(outer):
            return self._with_stratified_folds(outer).fit_head()
        self._prepare_all([outer])
        return self._learner.build_head(self._fit_candidates(outer), self._select(outer)[0])

    def cross_probabilities(self, progress: Progress = silent) -> np.ndarray:
        """Compute out-of-fold class probabilities by nested cross-validation.

        Images in no outer fold have NaN.
        """
        probabilities = np.full((len(self._labels), self._classes), np.nan, np.float32)
        self._prepare_all([frozenset([number]) for number in self._outer_folds], progress)
        for number in self._outer_folds:
            rows, head = np.flatnonzero(self._fold == number), self.fit_head(without=number)
            probabilities[rows] = predict_in_blocks(select_rows(self._features, rows), head.probabilities)
        return probabilities

    def cross_fit(self, progress: Progress = silent, *, corrected: bool = False) -> CrossFit:
        """Predict each outer fold by nested cross-validation.

        Args:
            progress: called with the stage "fit", fits done and fits in all.
            corrected: correct the temperature of each fold's head by the answers of the other folds; see
                `temperature_correction`.
        """
        count = len(self._labels)
        probabilities = np.full((count, self._classes), np.nan, np.float32)
        uncalibrated, score = probabilities.copy(), np.full(count, np.nan, np.float32)
        t_unknown, chosen = np.full(count, np.nan), []
        self._prepare_all([frozenset([number]) for number in self._outer_folds], progress)
        correction = self.temperature_correction() if corrected else TemperatureCorrection()
        for number in self._outer_folds:
            fitted, rows = self.fit(without=number), np.flatnonzero(self._fold == number)
            if corrected:
                fitted = fitted.corrected(correction.by_fold.get(number, 1.0))
            features = select_rows(self._features, rows)
            probabilities[rows], uncalibrated[rows] = fitted.probabilities(features), fitted.uncalibrated(features)
            score[rows], t_unknown[rows] = fitted.unknown_score(features), fitted.t_unknown
            chosen.append(fitted.chosen)
        return CrossFit(
            probabilities=probabilities,
            uncalibrated=uncalibrated,
            unknown_score=score,
            t_unknown=t_unknown,
            chosen=chosen,
        )

    def _inner_folds(self, outer: frozenset[int]) -> list[int]:
        folds = [f for f in self._outer_folds if f not in outer] or [f for f in self._folds if f not in outer][:1]
        neighbours = _neighbours(folds, outer)
        enough = bool(outer) and self._weights[np.isin(self._fold, neighbours)].sum() >= _MIN_SELECTION_ROWS
        return neighbours if enough else folds

    def _held_out_folds(self) -> tuple[int, ...]:
        outers = [frozenset[int](), *(frozenset([fold]) for fold in self._outer_folds)]
        return tuple(sorted({fold for outer in outers for fold in outer.union(self._inner_folds(outer))}))

    def _class_holdout_folds(self, outer: frozenset[int]) -> list[int]:
        inner = self._inner_folds(outer)
        known = np.unique(self._labels[~np.isin(self._fold, list(outer))])
        # A label between two known ones is not unknown, and real negatives are better than simulated ones.
        needless = self._config.ordered or self._negatives is not None
        if len(known) < _FEWEST_CLASSES_TO_HOLD_OUT or not self._score_unknown or needless:
            return []
        return _neighbours(inner, outer)

    def _has_too_few_folds(self, outer: frozenset[int]) -> bool:
        return len([fold for fold in self._folds if fold not in outer]) < 2

    def _prepare_all(self, outers: Sequence[frozenset[int]], progress: Progress = silent) -> None:
        for done, total in self._prepare(outers):
            progress("fit", done, total)

    def _prepare(self, outers: Sequence[frozenset[int]]) -> Iterator[tuple[int, int]]:
        """Fit several heads in parallel and yield the completed and total number of fits."""
        usable = [outer for outer in outers if not self._has_too_few_folds(outer)]
        inner = dict.fromkeys(outer | {fold} for outer in usable for fold in self._inner_folds(outer))
        holdout = dict.fromkeys(outer | {fold} for outer in usable for fold in self._class_holdout_folds(outer))
        jobs: list[Callable[[], object]] = [
            partial(self._held_out_logits, folds) for folds in inner if folds not in self._logits
        ]
        jobs += [partial(self._class_holdout_logits, folds) for folds in holdout if folds not in self._unknown_logits]
        jobs += [partial(self._fit_candidates, outer) for outer in usable if outer not in self._candidates]
        for done, _ in enumerate(parallel_map(jobs), 1):
            yield done, len(jobs)

    def _fit_outer(self, outer: frozenset[int]) -> FittedHead:
        candidates = self._fit_candidates(outer)
        if candidates.scorer is None:
            raise ValueError("Unknown scores are off. Pass score_unknown=True, or call `fit_head`.")
        selection, held_out = self._select(outer)
        logits = selection.calibrated(held_out)
        measures = with_energy(held_out.measures, logits)
        head = self._learner.build_head(candidates, selection)
        description, unknown = self._tune_unknown(outer, candidates.scorer, measures, held_out, head)
        return FittedHead(
            head=head,
            unknown=unknown.scorer,
            temperature=selection.temperature,
            t_unknown=unknown.t_unknown,
            chosen={
                "head": selection.name,
                "temperature": selection.temperature,
                "log_loss": dict(selection.log_losses),
                **({"mae": dict(selection.maes)} if self._config.ordered else {}),
                "unknown": description,
            },
            held_out=HeldOut(
                positions=held_out.positions,
                probabilities=softmax(logits).astype(np.float32),
                unknown_score=combine(unknown.scorer, measures),
            ),
            negative_excess=unknown.excess,
        )

    def _tune_unknown(
        self, outer: frozenset[int], scorer: UnknownScorer, measures: np.ndarray, held_out: HeldOutLogits, head: AnyHead
    ) -> tuple[dict[str, Any], UnknownTuning]:
        weights, rejection = self._weights[held_out.positions], self._config.false_rejection
        if self._negatives is not None:
            negatives = predict_in_blocks(
                self._negatives.features, lambda block: scorer.measure(block, head.logits(block))
            )
            groups = self._negatives.groups
            tuning = tune_unknown(scorer, measures, weights, negatives, groups, false_rejection=rejection)
            return {"score": "tuned by negatives", "false_rejection": rejection, "negatives": len(negatives)}, tuning
        name, areas = select_sum(self._class_holdout_runs(outer, held_out))
        scorer = standardise(scorer, measures, weights, name)
        t_unknown = rejection_threshold(combine(scorer, measures), weights, rejection)
        description = {"score": name, "false_rejection": rejection, "auroc_classes_left_out": areas}
        return description, UnknownTuning(scorer=scorer, t_unknown=t_unknown, excess=None)

    def temperature_correction(self) -> TemperatureCorrection:
        """Compute the corrections of the temperatures of the final head and of the outer folds' heads.

        It needs at least three outer folds; with fewer, nothing is corrected. After `cross_fit` no head is fitted for
        it.
        """
        outers = [frozenset([number]) for number in self._outer_folds]
        if len(outers) < _FEWEST_OUTER_FOLDS or any(self._has_too_few_folds(outer) for outer in outers):
            return TemperatureCorrection()
        pairs = dict.fromkeys(outer | {fold} for outer in outers for fold in self._inner_folds(outer))
        for _ in parallel_map([partial(self._held_out_logits, folds) for folds in pairs]):
            pass
        evaluated = np.isin(self._fold, self._outer_folds)
        share = self._weights[evaluated].sum() / self._weights.sum() / len(outers)
        return correct_temperature([self._answers(number) for number in self._outer_folds], float(share))

    def _answers(self, number: int) -> FoldAnswers:
        """Return the calibrated logits of an outer fold by the head selected without it."""
        outer = frozenset([number])
        selection, _ = self._select(outer)
        held_out = self._held_out_logits(outer).select(self._fold, number)
        return FoldAnswers(
            fold=number,
            logits=selection.calibrated(held_out),
            present=held_out.present,
            labels=self._labels[held_out.positions],
            weights=self._weights[held_out.positions],
        )

    def _select(self, outer: frozenset[int]) -> tuple[Selection | OrdinalSelection, HeldOutLogits]:
        """Select a head on the inner folds and return it with their held-out logits."""
        if outer not in self._selections:
            self._selections[outer] = self._select_among(outer)
        return self._selections[outer]

    def _select_among(self, outer: frozenset[int]) -> tuple[Selection | OrdinalSelection, HeldOutLogits]:
        inner = self._inner_folds(outer)
        held_out = HeldOutLogits.join(
            [self._held_out_logits(outer | {fold}).select(self._fold, fold) for fold in inner]
        )
        best = select_ordinal if self._config.ordered else select
        return best(held_out, self._labels, self._weights), held_out

    def _class_holdout_runs(
        self, outer: frozenset[int], held_out: HeldOutLogits
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        lda = calibrate(held_out, self._labels, self._weights, {LDA: 1.0})
        runs = []
        for fold in self._class_holdout_folds(outer):
            run = self._class_holdout_logits(outer | {fold}).select(self._fold, fold)
            logits = lda.calibrated(run)
            unknown = ~run.present[np.arange(len(logits)), self._labels[run.positions]]
            runs.append((with_energy(run.measures, logits), unknown))
        return runs

    def _fit_candidates(self, folds: frozenset[int]) -> FittedCandidates:
        if folds not in self._candidates:
            self._candidates[folds] = self._learner.fit(folds, self._excluded_rows(folds))
        return self._candidates[folds]

    def _excluded_rows(self, folds: frozenset[int]) -> np.ndarray:
        rows = [self._left_out.get(key, _NO_ROWS) for key in (*sorted(folds), _NEVER_TRAIN)]
        return np.unique(np.concatenate(rows))

    def _selection_rows(self, among: np.ndarray) -> np.ndarray:
        return random_subset(np.flatnonzero(among), _MAX_SELECTION_ROWS, seed=self._seed)

    def _held_out_logits(self, folds: frozenset[int]) -> HeldOutLogits:
        """Predict held-out folds by candidate heads fitted on the other folds."""
        if folds not in self._logits:
            is_outer = len(folds) == 1
            fitted = self._fit_candidates(folds) if is_outer else self._learner.fit(folds, self._excluded_rows(folds))
            self._logits[folds] = self._learner.predict(fitted, self._selection_rows(np.isin(self._fold, list(folds))))
        return self._logits[folds]

    def _class_holdout_logits(self, folds: frozenset[int]) -> HeldOutLogits:
        if folds not in self._unknown_logits:
            held_out = np.isin(self._fold, list(folds))
            known = np.unique(self._labels[~held_out])
            generator = np.random.default_rng([self._seed, *sorted(folds)])
            unknown = np.isin(self._labels, generator.choice(known, max(1, round(len(known) / 4)), replace=False))
            excluded = np.union1d(self._excluded_rows(folds), np.flatnonzero(unknown & ~held_out))
            rows = self._selection_rows(held_out & np.isin(self._labels, known))
            fitted = self._learner.fit(folds, excluded, all_heads=False)
            self._unknown_logits[folds] = self._learner.predict(fitted, rows)
        return self._unknown_logits[folds]

    def _with_stratified_folds(self, outer: frozenset[int]) -> "HeadFitter":
        """Create a head fitter with stratified folds of the images outside an outer fold."""
        training = ~np.isin(self._fold, list(outer))
        for key in (*outer, _NEVER_TRAIN):
            training[self._left_out.get(key, _NO_ROWS)] = False
        rows = np.flatnonzero(training)
        labels = self._labels[rows]
        order = np.argsort(labels, kind="stable")
        fold = np.empty(len(rows), np.int64)
        fold[order] = np.arange(len(rows)) % min(_STRATIFIED_FOLDS, max(len(rows), 1))
        return HeadFitter(
            select_rows(self._features, rows),
            labels,
            fold,
            classes=self._classes,
            blocks=self._blocks,
            weights=self._weights[rows],
            score_unknown=self._score_unknown,
            negatives=self._negatives,
            config=self._config,
            seed=self._seed,
            centred=self._centred,
        )


def _neighbours(folds: list[int], outer: frozenset[int]) -> list[int]:
    """Return the cyclic neighbours of an outer cross-validation fold."""
    place = next((place for place, fold in enumerate(folds) if fold > max(outer, default=-1)), 0)
    return sorted({folds[place - 1], folds[place]}) if folds else []
