"""Fits heads so that no choice is made by a picture that the chosen head is judged on."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from discern.bundle.parts import Span
from discern.errors import DataError
from discern.heads.choosing import Answers, Choice, choose
from discern.heads.config import HeadConfig
from discern.heads.fitted import CrossFit, FittedHead
from discern.heads.learned import Learned, Learner
from discern.heads.spaces import Features
from discern.heads.strangers import choose_sum, combine, rejection_threshold, standardise, with_energy
from discern.progress import Progress, silent

_SEEN_IN_TEST = -1
_OWN_FOLDS = 5
_FEWEST_TO_LEAVE_OUT = 4
_NONE = np.zeros(0, np.int64)


class HeadFitter:
    """Fits heads on given folds; each is chosen, calibrated and given its threshold by folds held out from it.

    A head for all but fold i is chosen by heads for all but folds i and j. That one also answers fold i for the head
    without j, so 5 folds cost 10 + 5 + 1 fits; they share the sums of the folds.

    Args:
        features: `[N, D]`, of the pictures to learn from.
        labels: int `[N]` in 0..classes - 1.
        fold: int `[N]`; pictures of fold -1 are always learned from and never judged.
        classes: K; some may have no picture.
        blocks: start and end of the embedding's named blocks, "head" first.
        left_out: fold -> positions not to be learned from while that fold is judged; -1: never to be learned from.
        held: the folds that are judged in turn; None: all.
        weights: float64 `[N]`, how much each picture counts (copies of one share its weight); None: 1 each.
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
        config: HeadConfig | None = None,
        seed: int = 0,
    ) -> None:
        self._features, self._labels, self._fold = features, np.asarray(labels), np.asarray(fold)
        self._weights = np.ones(len(self._labels)) if weights is None else np.asarray(weights, np.float64)
        self._classes, self._blocks, self._config, self._seed = classes, dict(blocks), config or HeadConfig(), seed
        self._left_out = {key: np.asarray(rows, np.int64) for key, rows in (left_out or {}).items()}
        self._check()
        self._folds = tuple(np.unique(self._fold[self._fold >= 0]).tolist())
        self._held = self._folds if held is None else tuple(held)
        self._learned: dict[frozenset[int], Learned] = {}
        self._answers: dict[frozenset[int], Answers] = {}
        self._strange: dict[frozenset[int], tuple[Answers, np.ndarray]] = {}

    def _check(self) -> None:
        count = len(self._labels)
        if not len(self._features) == len(self._fold) == len(self._weights) == count:
            raise DataError(f"{len(self._features)} feature rows, {count} labels, {len(self._fold)} folds.")
        if count < 2 or self._labels.min() < 0 or self._labels.max() >= self._classes:
            raise DataError(f"{count} pictures with labels in 0..{self._classes - 1} cannot be learned from.")

    @cached_property
    def _learner(self) -> Learner:
        return Learner(
            self._features,
            self._labels,
            self._fold,
            self._weights,
            classes=self._classes,
            spans=tuple(self._blocks.values()),
            apart=self._folds if len(self._folds) <= len(self._held) + 1 else self._held,
            config=self._config,
            seed=self._seed,
        )

    def fit(self, without: int | None = None) -> FittedHead:
        """Fit a head without a fold (None: on everything), every choice being made by the other folds.

        With fewer than two other folds, these pictures are dealt to folds of their own, which know no groups.

        Raises:
            DataError: nothing is left to learn from.
        """
        outer = frozenset() if without is None else frozenset([without])
        inner = [fold for fold in self._held if fold not in outer] or [f for f in self._folds if f not in outer][:1]
        if len([fold for fold in self._folds if fold not in outer]) < 2:
            return self._dealt_anew(outer).fit()
        answers = Answers.join([self._answer(outer | {fold}, fold) for fold in inner])
        choice = choose(answers, self._labels, self._weights)
        return self._finish(outer, inner, answers, choice)

    def cross_fit(self, progress: Progress = silent) -> CrossFit:
        """Answer each held fold by the head that was fitted and chosen without it."""
        count = len(self._labels)
        probabilities = np.full((count, self._classes), np.nan, np.float32)
        uncalibrated, score = probabilities.copy(), np.full(count, np.nan, np.float32)
        t_unknown, chosen = np.full(count, np.nan), []
        for done, number in enumerate(self._held):
            progress("fit", done, len(self._held))
            fitted, rows = self.fit(without=number), np.flatnonzero(self._fold == number)
            features = self._features[rows]
            probabilities[rows], uncalibrated[rows] = fitted.probabilities(features), fitted.uncalibrated(features)
            score[rows], t_unknown[rows] = fitted.unknown_score(features), fitted.t_unknown
            chosen.append(fitted.chosen)
        progress("fit", len(self._held), len(self._held))
        return CrossFit(
            probabilities=probabilities,
            uncalibrated=uncalibrated,
            unknown_score=score,
            t_unknown=t_unknown,
            chosen=chosen,
        )

    def _finish(self, outer: frozenset[int], inner: list[int], answers: Answers, choice: Choice) -> FittedHead:
        learned = self._learn(outer)
        weights = self._weights[answers.positions]
        measures = with_energy(answers.measures, choice.logits(answers.logits, answers.present))
        name, areas = self._choose_sum(outer, inner, choice)
        scorer = standardise(learned.scorer, measures, weights, name)
        scores = combine(scorer, measures)
        rejection = self._config.false_rejection
        return FittedHead(
            head=self._learner.head(learned, choice),
            unknown=scorer,
            temperature=choice.temperature,
            t_unknown=rejection_threshold(scores, weights, rejection),
            chosen={
                "head": choice.name,
                "temperature": choice.temperature,
                "log_loss": dict(choice.log_losses),
                "unknown": {"score": name, "false_rejection": rejection, "auroc_classes_left_out": areas},
            },
        )

    def _choose_sum(self, outer: frozenset[int], inner: list[int], choice: Choice) -> tuple[str, dict[str, float]]:
        """Choose the unknown score's sum by leaving classes out of heads without `outer` and one more fold."""
        known = np.unique(self._labels[~np.isin(self._fold, list(outer))])
        runs = []
        if len(known) >= _FEWEST_TO_LEAVE_OUT:
            # The folds before and after `outer`, so that neighbours in the ring of folds share their runs.
            place = next((place for place, fold in enumerate(inner) if fold > max(outer, default=-1)), 0)
            for fold in {inner[place - 1], inner[place]}:
                answers, strange = self._answer_strangers(outer | {fold})
                judged = self._fold[answers.positions] == fold
                logits = choice.logits(answers.logits, answers.present)
                runs.append((with_energy(answers.measures, logits)[judged], strange[judged]))
        return choose_sum(runs)

    def _learn(self, folds: frozenset[int], extra: np.ndarray = _NONE) -> Learned:
        left_out = [self._left_out.get(key, _NONE) for key in (*sorted(folds), _SEEN_IN_TEST)]
        rows = np.unique(np.concatenate([*left_out, extra]))
        if len(extra):
            return self._learner.learn(folds, rows)
        if folds not in self._learned:
            self._learned[folds] = self._learner.learn(folds, rows)
        return self._learned[folds]

    def _answer(self, folds: frozenset[int], fold: int) -> Answers:
        """What the heads without `folds` say to one of them."""
        if folds not in self._answers:
            rows = np.flatnonzero(np.isin(self._fold, list(folds)))
            self._answers[folds] = self._learner.answer(self._learn(folds), rows)
            if len(folds) > 1:
                del self._learned[folds]
        answers = self._answers[folds]
        return answers.select(self._fold[answers.positions] == fold)

    def _answer_strangers(self, folds: frozenset[int]) -> tuple[Answers, np.ndarray]:
        """What heads without `folds`, and without a quarter of the classes, say to them; which are strangers."""
        if folds not in self._strange:
            kept = np.flatnonzero(~np.isin(self._fold, list(folds)))
            known = np.unique(self._labels[kept])
            generator = np.random.default_rng([self._seed, *sorted(folds)])
            classes = generator.choice(known, max(1, round(len(known) / 4)), replace=False)
            learned = self._learn(folds, kept[np.isin(self._labels[kept], classes)])
            rows = np.flatnonzero(np.isin(self._fold, list(folds)) & np.isin(self._labels, known))
            self._strange[folds] = self._learner.answer(learned, rows), np.isin(self._labels[rows], classes)
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
            self._features[rows],
            labels,
            fold,
            classes=self._classes,
            blocks=self._blocks,
            weights=self._weights[rows],
            config=self._config,
            seed=self._seed,
        )
