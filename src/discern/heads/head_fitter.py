"""Fits heads so that no choice is made by a picture that the chosen head is judged on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from discern.bundle.heads import Head, Span, UnknownScorer, softmax
from discern.errors import DataError
from discern.heads.config import HeadConfig
from discern.heads.feature_space import Features, some_of
from discern.heads.fitted_head import CrossFit, FittedHead, HeldOut, predict_in_blocks
from discern.heads.learner import PLAIN, FittedCandidates, Learner
from discern.heads.model_selection import HeldOutLogits, Selection, calibrate, select
from discern.heads.ordinal_selection import OrdinalSelection, select_ordinal
from discern.heads.unknown.score import choose_sum, combine, rejection_threshold, standardise, with_energy
from discern.heads.unknown.tuning import Negatives, UnknownTuning, tune_unknown
from discern.parallel import parallel_map
from discern.progress import Progress, silent

_SEEN_IN_TEST = -1
_OWN_FOLDS = 5
_FEWEST_TO_LEAVE_OUT = 4
_ENOUGH_TO_CHOOSE, _MOST_JUDGES = 500, 10_000
_NONE = np.zeros(0, np.int64)


class HeadFitter:
    """Fits heads on given folds; each is chosen, calibrated and given its threshold by folds held out from it.

    A head for all but fold i is chosen by heads for all but folds i and j. That one also answers fold i for the head
    without j, so 5 folds cost 10 + 5 + 1 fits, and where two folds are enough to choose by 5 + 5 + 1; they share the
    sums of the folds.

    Args:
        features: `[N, D]`, of the pictures to learn from.
        labels: int `[N]` in 0..classes - 1; where `config.ordered`, in the order that means something.
        fold: int `[N]`; pictures of fold -1 are always learned from and never judged.
        classes: K; some may have no picture.
        blocks: start and end of the embedding's named blocks, "head" first.
        left_out: fold -> positions not to be learned from while that fold is judged; -1: never to be learned from.
        held: the folds that are judged in turn; None: all.
        weights: float64 `[N]`, how much each picture counts (copies of one share its weight); None: 1 each.
        strangers: prepare unknown scores too, which is more than half of the work; else only `fit_head` and
            `cross_probabilities` can be asked for.
        negatives: pictures of none of the classes, which tune the unknown score; None: classes left out do.
        config: settings.
        seed: of every random choice.

    Raises:
        DataError: there are no two pictures, or the arrays do not fit together.
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
        held: tuple[int, ...] | None = None,
        weights: np.ndarray | None = None,
        strangers: bool = True,
        negatives: Negatives | None = None,
        config: HeadConfig | None = None,
        seed: int = 0,
    ) -> None:
        self._features, self._labels, self._fold = features, np.asarray(labels), np.asarray(fold)
        self._weights = np.ones(len(self._labels)) if weights is None else np.asarray(weights, np.float64)
        self._classes, self._blocks, self._config, self._seed = classes, dict(blocks), config or HeadConfig(), seed
        self._left_out = {key: np.asarray(rows, np.int64) for key, rows in (left_out or {}).items()}
        self._strangers_too, self._negatives = strangers, negatives
        self._check()
        self._folds = tuple(np.unique(self._fold[self._fold >= 0]).tolist())
        self._held = self._folds if held is None else tuple(held)
        self._learner = Learner(
            features,
            self._labels,
            self._fold,
            self._weights,
            classes=classes,
            spans=tuple(self._blocks.values()),
            apart=self._apart(),
            strangers=strangers,
            config=self._config,
            seed=seed,
        )
        self._learned: dict[frozenset[int], FittedCandidates] = {}
        self._answers: dict[frozenset[int], HeldOutLogits] = {}
        self._strange: dict[frozenset[int], HeldOutLogits] = {}

    def _check(self) -> None:
        count = len(self._labels)
        if not len(self._features) == len(self._fold) == len(self._weights) == count:
            raise DataError(f"{len(self._features)} feature rows, {count} labels, {len(self._fold)} folds.")
        if count < 2 or self._labels.min() < 0 or self._labels.max() >= self._classes:
            raise DataError(f"{count} pictures with labels in 0..{self._classes - 1} cannot be learned from.")

    def fit(self, without: int | None = None) -> FittedHead:
        """Fit a head without a fold (None: on everything), every choice being made by the other folds.

        With fewer than two other folds, these pictures are dealt to folds of their own, which know no groups.

        Raises:
            DataError: nothing is left to learn from.
        """
        outer = frozenset() if without is None else frozenset([without])
        if self._too_few(outer):
            # Folds that know no groups hold nothing out that could be relied on.
            return replace(self._dealt_anew(outer).fit(), held_out=HeldOut.nothing(self._classes))
        self._prepare_all([outer])
        return self._finish(outer)

    def fit_head(self, without: int | None = None) -> Head:
        """The head of `fit` alone, for figures that ask for no unknown score."""
        outer = frozenset() if without is None else frozenset([without])
        if self._too_few(outer):
            return self._dealt_anew(outer).fit_head()
        self._prepare_all([outer])
        return self._learner.head(self._learn(outer), self._choose(outer)[0])

    def cross_probabilities(self, progress: Progress = silent) -> np.ndarray:
        """The probabilities of `cross_fit` alone: float32 `[N, K]`; NaN for pictures in no held fold."""
        probabilities = np.full((len(self._labels), self._classes), np.nan, np.float32)
        self._prepare_all([frozenset([number]) for number in self._held], progress)
        for number in self._held:
            rows, head = np.flatnonzero(self._fold == number), self.fit_head(without=number)
            probabilities[rows] = predict_in_blocks(some_of(self._features, rows), head.probabilities)
        return probabilities

    def cross_fit(self, progress: Progress = silent) -> CrossFit:
        """Answer each held fold by the head that was fitted and chosen without it."""
        count = len(self._labels)
        probabilities = np.full((count, self._classes), np.nan, np.float32)
        uncalibrated, score = probabilities.copy(), np.full(count, np.nan, np.float32)
        t_unknown, chosen = np.full(count, np.nan), []
        self._prepare_all([frozenset([number]) for number in self._held], progress)
        for number in self._held:
            fitted, rows = self.fit(without=number), np.flatnonzero(self._fold == number)
            features = some_of(self._features, rows)
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

    def _inner(self, outer: frozenset[int]) -> list[int]:
        """The folds that choose a head without `outer`: its neighbours where they are large enough, else all."""
        folds = [fold for fold in self._held if fold not in outer] or [f for f in self._folds if f not in outer][:1]
        near = _neighbours(folds, outer)
        enough = bool(outer) and self._weights[np.isin(self._fold, near)].sum() >= _ENOUGH_TO_CHOOSE
        return near if enough else folds

    def _apart(self) -> tuple[int, ...]:
        """The folds that are ever left out."""
        outers = [frozenset[int](), *(frozenset([fold]) for fold in self._held)]
        return tuple(sorted({fold for outer in outers for fold in outer.union(self._inner(outer))}))

    def _ring(self, outer: frozenset[int]) -> list[int]:
        """The folds before and after `outer`: those that judge strangers; neighbours share their runs."""
        inner = self._inner(outer)
        known = np.unique(self._labels[~np.isin(self._fold, list(outer))])
        # A count between two known ones is no stranger, and real strangers are better judges.
        known_better = self._config.ordered or self._negatives is not None
        if len(known) < _FEWEST_TO_LEAVE_OUT or not self._strangers_too or known_better:
            return []
        return _neighbours(inner, outer)

    def _too_few(self, outer: frozenset[int]) -> bool:
        return len([fold for fold in self._folds if fold not in outer]) < 2

    def _prepare_all(self, outers: Sequence[frozenset[int]], progress: Progress = silent) -> None:
        for done, total in self._prepare(outers):
            progress("fit", done, total)

    def _prepare(self, outers: Sequence[frozenset[int]]) -> Iterator[tuple[int, int]]:
        """Compute side by side what the heads without `outers` are chosen by; gives (done, total) as it goes."""
        usable = [outer for outer in outers if not self._too_few(outer)]
        parts = dict.fromkeys(outer | {fold} for outer in usable for fold in self._inner(outer))
        strange = dict.fromkeys(outer | {fold} for outer in usable for fold in self._ring(outer))
        jobs: list[Callable[[], object]] = [partial(self._answer, part) for part in parts if part not in self._answers]
        jobs += [partial(self._answer_strangers, part) for part in strange if part not in self._strange]
        jobs += [partial(self._learn, outer) for outer in usable if outer not in self._learned]
        for done, _ in enumerate(parallel_map(jobs), 1):
            yield done, len(jobs)

    def _finish(self, outer: frozenset[int]) -> FittedHead:
        """Choose, calibrate and set the threshold by what held-out pictures were answered."""
        learned = self._learn(outer)
        if learned.scorer is None:
            raise ValueError("This fitter prepares no unknown scores: ask it for `fit_head`.")
        choice, answers = self._choose(outer)
        measures = with_energy(answers.measures, choice.answer(answers))
        head = self._learner.head(learned, choice)
        told, gate = self._cut(outer, learned.scorer, measures, answers, head)
        return FittedHead(
            head=head,
            unknown=gate.scorer,
            temperature=choice.temperature,
            t_unknown=gate.t_unknown,
            chosen={
                "head": choice.name,
                "temperature": choice.temperature,
                "log_loss": dict(choice.log_losses),
                **({"mae": dict(choice.maes)} if self._config.ordered else {}),
                "unknown": told,
            },
            held_out=HeldOut(
                positions=answers.positions,
                probabilities=softmax(choice.answer(answers)).astype(np.float32),
                unknown_score=combine(gate.scorer, measures),
            ),
            negative_excess=gate.excess,
        )

    def _cut(
        self, outer: frozenset[int], scorer: UnknownScorer, measures: np.ndarray, answers: HeldOutLogits, head: Head
    ) -> tuple[dict[str, Any], UnknownTuning]:
        """The unknown score and its threshold, by negatives where there are any, else by classes left out."""
        weights, rejection = self._weights[answers.positions], self._config.false_rejection
        if self._negatives is not None:
            said = predict_in_blocks(self._negatives.features, lambda some: scorer.measure(some, head.logits(some)))
            groups = self._negatives.groups
            gate = tune_unknown(scorer, measures, weights, said, groups, false_rejection=rejection)
            return {"score": "tuned by negatives", "false_rejection": rejection, "negatives": len(said)}, gate
        name, areas = choose_sum(self._strangers(outer, answers))
        scorer = standardise(scorer, measures, weights, name)
        t_unknown = rejection_threshold(combine(scorer, measures), weights, rejection)
        told = {"score": name, "false_rejection": rejection, "auroc_classes_left_out": areas}
        return told, UnknownTuning(scorer=scorer, t_unknown=t_unknown, excess=None)

    def _choose(self, outer: frozenset[int]) -> tuple[Selection | OrdinalSelection, HeldOutLogits]:
        inner = self._inner(outer)
        answers = HeldOutLogits.join([self._answer(outer | {fold}).select(self._fold, fold) for fold in inner])
        best = select_ordinal if self._config.ordered else select
        return best(answers, self._labels, self._weights), answers

    def _strangers(self, outer: frozenset[int], answers: HeldOutLogits) -> list[tuple[np.ndarray, np.ndarray]]:
        """Measures of held-out pictures and which of them are strangers, for `choose_sum`."""
        plain = calibrate(answers, self._labels, self._weights, {PLAIN: 1.0})
        runs = []
        for fold in self._ring(outer):
            told = self._answer_strangers(outer | {fold}).select(self._fold, fold)
            logits = plain.answer(told)
            strange = ~told.present[np.arange(len(logits)), self._labels[told.positions]]
            runs.append((with_energy(told.measures, logits), strange))
        return runs

    def _learn(self, folds: frozenset[int]) -> FittedCandidates:
        """Learn without some folds; kept, as it may ship."""
        if folds not in self._learned:
            self._learned[folds] = self._learner.learn(folds, self._never(folds))
        return self._learned[folds]

    def _never(self, folds: frozenset[int]) -> np.ndarray:
        """Positions that must not be learned from while `folds` are judged."""
        rows = [self._left_out.get(key, _NONE) for key in (*sorted(folds), _SEEN_IN_TEST)]
        return np.unique(np.concatenate(rows))

    def _judges(self, among: np.ndarray) -> np.ndarray:
        """Positions of held-out pictures: all, or enough to choose by; bool `[N]` to int `[n]`."""
        rows = np.flatnonzero(among)
        if len(rows) <= _MOST_JUDGES:
            return rows
        return np.sort(np.random.default_rng(self._seed).choice(rows, _MOST_JUDGES, replace=False))

    def _answer(self, folds: frozenset[int]) -> HeldOutLogits:
        """What heads without `folds` say to these."""
        if folds not in self._answers:
            learned = self._learn(folds) if len(folds) == 1 else self._learner.learn(folds, self._never(folds))
            self._answers[folds] = self._learner.answer(learned, self._judges(np.isin(self._fold, list(folds))))
        return self._answers[folds]

    def _answer_strangers(self, folds: frozenset[int]) -> HeldOutLogits:
        """What heads without `folds`, and without a quarter of the other classes, say to pictures of `folds`."""
        if folds not in self._strange:
            outside = np.isin(self._fold, list(folds))
            known = np.unique(self._labels[~outside])
            generator = np.random.default_rng([self._seed, *sorted(folds)])
            strange = np.isin(self._labels, generator.choice(known, max(1, round(len(known) / 4)), replace=False))
            never = np.union1d(self._never(folds), np.flatnonzero(strange & ~outside))
            rows = self._judges(outside & np.isin(self._labels, known))
            self._strange[folds] = self._learner.answer(self._learner.learn(folds, never, heads=False), rows)
        return self._strange[folds]

    def _dealt_anew(self, outer: frozenset[int]) -> "HeadFitter":
        """The same for the pictures that are learned from without `outer`, in folds dealt class by class."""
        learned = ~np.isin(self._fold, list(outer))
        for key in (*outer, _SEEN_IN_TEST):
            learned[self._left_out.get(key, _NONE)] = False
        rows = np.flatnonzero(learned)
        labels = self._labels[rows]
        order = np.argsort(labels, kind="stable")
        fold = np.empty(len(rows), np.int64)
        fold[order] = np.arange(len(rows)) % min(_OWN_FOLDS, max(len(rows), 1))
        return HeadFitter(
            some_of(self._features, rows),
            labels,
            fold,
            classes=self._classes,
            blocks=self._blocks,
            weights=self._weights[rows],
            strangers=self._strangers_too,
            negatives=self._negatives,
            config=self._config,
            seed=self._seed,
        )


def _neighbours(folds: list[int], outer: frozenset[int]) -> list[int]:
    """The folds before and after `outer`, in a ring."""
    place = next((place for place, fold in enumerate(folds) if fold > max(outer, default=-1)), 0)
    return sorted({folds[place - 1], folds[place]}) if folds else []
