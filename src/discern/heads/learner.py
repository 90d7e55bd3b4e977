"""Functions that fit candidate heads and out-of-distribution measures on subsets of a data set."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from discern.bundle.heads import MEASURES, AnyHead, Span, UnknownScorer, unit_blocks
from discern.errors import DataError
from discern.heads.config import HeadConfig
from discern.heads.feature_space import BLOCK, MAX_ROTATED_ROWS, Features, FeatureSpace, iter_blocks
from discern.heads.fold_means import FoldMeans
from discern.heads.lda import LinearFit, Scatter, fit_lda
from discern.heads.logistic import fit_logistic
from discern.heads.model_selection import HeldOutLogits, Selection
from discern.heads.moments import FoldMoments
from discern.heads.ordinal import OrdinalFit, fit_ordinal
from discern.heads.ordinal_selection import OrdinalSelection
from discern.heads.random_subset import random_subset
from discern.heads.row_scatter import scatter_of
from discern.heads.space_cache import Spaces, complete
from discern.heads.unknown.score import fit_unknown_scorer

# Caps on time, not tuned for accuracy. Logistic regression costs rows x columns x classes in each of some dozen
# iterations; LDA needs sums alone.
_LOGISTIC_MAX_SIZE = 45_000_000
_PROTOTYPE_ROWS = 20_000
_LDA_ONLY_RANK = 1024  # halves the time of the out-of-fold predictions of many pictures
_ORDINAL_ROWS = 20_000
# Strengths of the ordinal heads, relative to that of the logistic regressions; held-out pictures select one of them.
_ORDINAL = {"cumulative": 1.0, "cumulative-soft": 0.2}
_NO_ROWS = np.zeros(0, np.int64)
ALL_BLOCKS, HEAD_BLOCK, CENTRED = "", "-head", "centred"
LDA, SOFT_LDA = "discriminant", "discriminant-soft"


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedCandidates:
    """Candidate heads and out-of-distribution measures fitted on one training set.

    Attributes:
        space: coordinates of the heads on all blocks.
        linear: linear heads by name, in the coordinates of all blocks or of the first one.
        scorer: the measures, not standardised; None if unknown scores are not computed.
        ordinal: ordinal heads by name, in the coordinates of all blocks; empty if the labels are not ordered.
    """

    space: FeatureSpace
    linear: Mapping[str, LinearFit]
    scorer: UnknownScorer | None
    ordinal: Mapping[str, OrdinalFit] = field(default_factory=dict)


class Learner:
    """Learner that fits candidate heads and shares statistics between training subsets.

    Heads read the blocks after the first minus their mean over the training set, the unknown score reads all blocks
    without that. So the moments of heads on all blocks belong to one training set, and are not shared.

    Args:
        features: as `HeadFitter`.
        labels: as `HeadFitter`.
        fold: as `HeadFitter`.
        weights: as `HeadFitter`.
        classes: as `HeadFitter`.
        spans: start and end of each block, "head" first.
        held_out: the folds that are ever held out.
        score_unknown: as `HeadFitter`.
        config: as `HeadFitter`.
        seed: as `HeadFitter`.
        lda_only: fit LDA heads on all blocks alone, not centred; many pictures are projected on principal directions.
        centred: as `HeadFitter`.
        spaces: as `HeadFitter`.
    """

    def __init__(
        self,
        features: Features,
        labels: np.ndarray,
        fold: np.ndarray,
        weights: np.ndarray,
        *,
        classes: int,
        spans: tuple[Span, ...],
        held_out: tuple[int, ...],
        score_unknown: bool,
        config: HeadConfig,
        seed: int,
        lda_only: bool = False,
        centred: bool = True,
        spaces: Spaces | None = None,
    ) -> None:
        self.features, self.labels, self.fold, self.weights = features, labels, fold, weights
        self.classes, self.spans, self.config, self.seed = classes, spans, config, seed
        self.score_unknown = score_unknown
        centred = centred and len(spans) > 1 and not lda_only
        self._means = FoldMeans(features, spans, weights, fold, held_out=held_out) if centred else None
        self.spaces = self._build_spaces({} if spaces is None else spaces, lda_only=lda_only)
        self._logistic_is_cheap = all(
            space.is_rotated and len(labels) * space.width * classes <= _LOGISTIC_MAX_SIZE
            for space in self.spaces.values()
        )
        unread = {CENTRED, HEAD_BLOCK} if self._logistic_is_cheap else {CENTRED}
        self._moments = {
            name: FoldMoments(space, labels, weights, fold, classes=classes, held_out=held_out)
            for name, space in self.spaces.items()
            if name not in unread
        }

    def _build_spaces(self, spaces: Spaces, *, lda_only: bool) -> dict[str, FeatureSpace]:
        scales = (1.0, *[self.config.stage_scale] * (len(self.spans) - 1))
        project = lda_only and len(self.labels) > MAX_ROTATED_ROWS
        space = partial(FeatureSpace.of_rank, rank=_LDA_ONLY_RANK, seed=self.seed) if project else FeatureSpace
        jobs = {}
        if self._means is None or self.score_unknown:
            jobs[ALL_BLOCKS] = partial(space, self.features, self.spans, scales)
        if len(self.spans) > 1 and not lda_only:
            jobs[HEAD_BLOCK] = partial(space, self.features, self.spans[:1], scales[:1])
        if self._means is not None:
            centre = self._stage_means(self._means, frozenset(), _NO_ROWS)
            jobs[CENTRED] = partial(FeatureSpace, self.features, self.spans, scales, centre=centre)
        keys = {name: (name, scales, project) for name in jobs}
        complete(spaces, {keys[name]: job for name, job in jobs.items()})
        return {name: spaces[key] for name, key in keys.items()}

    def fit(self, folds: frozenset[int], left_out: np.ndarray, *, all_heads: bool = True) -> FittedCandidates:
        """Fit candidate heads on all rows except the given folds and positions.

        Args:
            folds: the folds held out.
            left_out: int, further positions to exclude.
            all_heads: fit every candidate head; else one LDA head alone.

        Raises:
            DataError: the training set is empty.
        """
        training = ~np.isin(self.fold, list(folds))
        extra = left_out[training[left_out]]
        training[extra] = False
        rows = np.flatnonzero(training)
        if not len(rows):
            raise DataError("The training set is empty.", hint="Add pictures, or hold out fewer of them for the test.")
        shared = self.spaces.get(ALL_BLOCKS)
        space = self._centred_space(folds, extra) if all_heads or shared is None else shared
        sums = self._scatter(ALL_BLOCKS, folds, extra) if shared is not None else None
        scorer = self._fit_scorer(sums, rows) if sums and self.score_unknown else None
        own = space.centre is not None or sums is None
        scatter = scatter_of(space, rows, self.labels, self.weights, self.classes) if own else sums
        assert scatter is not None
        linear = {LDA: fit_lda(scatter, scatter.shrinkage)}
        if all_heads:
            linear[SOFT_LDA] = fit_lda(scatter, scatter.shrinkage**0.5)
            linear |= self._other_heads(space, folds, extra, rows)
        ordinal = self._ordinal_heads(space, rows, linear[SOFT_LDA]) if all_heads and self.config.ordered else {}
        return FittedCandidates(space=space, linear=linear, scorer=scorer, ordinal=ordinal)

    def _centred_space(self, folds: frozenset[int], extra: np.ndarray) -> FeatureSpace:
        """Return the coordinates of all blocks, centred on the rows that remain."""
        if self._means is None:
            return self.spaces[ALL_BLOCKS]
        return self.spaces[CENTRED].recentred(self._stage_means(self._means, folds, extra))

    def _stage_means(self, means: FoldMeans, folds: frozenset[int], extra: np.ndarray) -> np.ndarray:
        """Return the training means of the blocks after the first, and zeros for the first."""
        centre = means.without(folds, extra)
        centre[: self.spans[0][1]] = 0
        return centre

    def _scatter(self, name: str, folds: frozenset[int], extra: np.ndarray) -> Scatter:
        return Scatter.from_moments(self._moments[name].without(folds, extra), self.spaces[name].dimensions)

    def _other_heads(
        self, space: FeatureSpace, folds: frozenset[int], extra: np.ndarray, rows: np.ndarray
    ) -> dict[str, LinearFit]:
        """Fit logistic regressions if they are fast enough, or else LDA on the first feature block."""
        if self._logistic_is_cheap:
            spaces = {ALL_BLOCKS: space} | {name: self.spaces[name] for name in (HEAD_BLOCK,) if name in self.spaces}
            return {f"logistic{name}": self._fit_logistic(each, rows) for name, each in spaces.items()}
        if HEAD_BLOCK not in self.spaces:
            return {}
        scatter = self._scatter(HEAD_BLOCK, folds, extra)
        return {f"discriminant{HEAD_BLOCK}": fit_lda(scatter, scatter.shrinkage)}

    def _fit_logistic(self, space: FeatureSpace, rows: np.ndarray) -> LinearFit:
        return fit_logistic(
            space.rows(rows),
            self.labels[rows],
            self.weights[rows],
            classes=self.classes,
            strength=self.config.strength,
        )

    def _ordinal_heads(self, space: FeatureSpace, rows: np.ndarray, soft: LinearFit) -> dict[str, OrdinalFit]:
        """Fit ordinal heads on rotated coordinates, or else on LDA logits of a random sample."""
        if space.is_rotated:
            coordinates = space.rows(rows)
            found = {
                name: self._fit_ordinal(coordinates, rows, self.config.strength * share)
                for name, share in _ORDINAL.items()
            }
        else:
            rows = self._subsample(rows, _ORDINAL_ROWS)
            blocks = [rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK)]
            logits = np.concatenate([soft.logits(space.rows(block)) for block in blocks])
            on_logits = self._fit_ordinal(logits, rows, self.config.strength)
            found = {"cumulative-projected": on_logits.compose(soft) if on_logits else None}
        return {name: fitted for name, fitted in found.items() if fitted is not None}

    def _fit_ordinal(self, coordinates: np.ndarray, rows: np.ndarray, strength: float) -> OrdinalFit | None:
        labels, weights = self.labels[rows], self.weights[rows]
        return fit_ordinal(coordinates, labels, weights, classes=self.classes, strength=strength)

    def _subsample(self, rows: np.ndarray, most: int) -> np.ndarray:
        return random_subset(rows, most, seed=self.seed)

    def _fit_scorer(self, scatter: Scatter, rows: np.ndarray) -> UnknownScorer:
        rows = self._subsample(rows, _PROTOTYPE_ROWS)
        first = self.spans[:1]
        heads = [unit_blocks(block[:, : first[0][1]], first) for _, block in iter_blocks(self.features, rows)]
        return fit_unknown_scorer(
            self.spaces[ALL_BLOCKS],
            scatter,
            np.concatenate(heads),
            self.weights[rows],
            self.spans,
            prototypes=self.config.prototypes,
            rank=self.config.rank,
            seed=self.seed,
        )

    def predict(self, candidates: FittedCandidates, positions: np.ndarray) -> HeldOutLogits:
        """Compute the outputs of all candidate heads for the given images."""
        present = next(iter(candidates.linear.values())).present
        spaces = {name: self._space_of(name, candidates) for name in candidates.linear}
        rows = {space: space.rows(positions) for space in {candidates.space, *spaces.values()}}
        return HeldOutLogits(
            positions=positions,
            logits={name: linear.logits(rows[spaces[name]]) for name, linear in candidates.linear.items()},
            present=np.broadcast_to(present, (len(positions), self.classes)),
            measures=self._measure(candidates.scorer, positions),
            margins={name: ordinal.margins(rows[candidates.space]) for name, ordinal in candidates.ordinal.items()},
        )

    def _measure(self, scorer: UnknownScorer | None, positions: np.ndarray) -> np.ndarray:
        """Compute out-of-distribution measures of images."""
        if scorer is None or not len(positions):
            return np.zeros((len(positions), len(MEASURES)), np.float32)
        zero = np.zeros((1, 1), np.float32)
        return np.concatenate(
            [
                scorer.measure(block, np.broadcast_to(zero, (len(block), 1)))
                for _, block in iter_blocks(self.features, positions)
            ]
        )

    def build_head(self, candidates: FittedCandidates, selection: Selection | OrdinalSelection) -> AnyHead:
        """Convert the selected candidate to the head of a model bundle."""
        if isinstance(selection, OrdinalSelection):
            ordinal = candidates.ordinal[selection.name]
            weight = candidates.space.block_weights(ordinal.weight[:, None])[:, 0]
            return replace(selection.build_head(weight, ordinal, self.spans), centre=candidates.space.centre)
        selected = {name: candidates.linear[name] for name in selection.temperatures}
        spaces = {name: self._space_of(name, candidates) for name in selected}
        weights = {name: spaces[name].block_weights(fit.weight) for name, fit in selected.items()}
        centre = candidates.space.centre if candidates.space in spaces.values() else None
        return replace(selection.build_head(weights, selected, self.spans), centre=centre)

    def _space_of(self, name: str, candidates: FittedCandidates) -> FeatureSpace:
        return self.spaces[HEAD_BLOCK] if name.endswith(HEAD_BLOCK) else candidates.space
