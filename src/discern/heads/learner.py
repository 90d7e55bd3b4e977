"""What is learned from one part of the pictures: several heads and the measures of the unknown score."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from discern.bundle.heads import MEASURES, Head, Span, UnknownScorer, unit_blocks
from discern.errors import DataError
from discern.heads.config import HeadConfig
from discern.heads.feature_space import BLOCK, TURNED_UP_TO, Features, FeatureSpace, in_blocks
from discern.heads.lda import Linear, Scatter, fit_lda
from discern.heads.logistic import fit_logistic
from discern.heads.model_selection import HeldOutLogits, Selection
from discern.heads.moments import FoldMoments
from discern.heads.ordinal import OrdinalFit, fit_ordinal
from discern.heads.ordinal_selection import OrdinalSelection
from discern.heads.principal_directions import principal_directions
from discern.heads.unknown.score import fit_unknown_scorer
from discern.parallel import parallel_map

# Logistic regression costs rows x columns x classes, each of some dozen steps; a discriminant needs sums alone.
_LOGISTIC_UP_TO = 45_000_000
_PROTOTYPE_ROWS = 20_000
_PLAIN_RANK = 1024
_CUMULATIVE_ROWS = 20_000
# Strengths of the cumulative heads, relative to that of the logistic regressions.
_CUMULATIVE = {"cumulative": 1.0, "cumulative-soft": 0.2}
STAGES, HEAD = "", "-head"
PLAIN, SOFT = "discriminant", "discriminant-soft"


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedCandidates:
    """Heads and measures from one training part.

    Attributes:
        linears: each linear head by name, in the coordinates of its space.
        scorer: the measures, not standardised; None where strangers are not asked for.
        cumulatives: each cumulative head by name, in the coordinates of all blocks; none where labels have no order.
    """

    linears: Mapping[str, Linear]
    scorer: UnknownScorer | None
    cumulatives: Mapping[str, OrdinalFit] = field(default_factory=dict)


class Learner:
    """Learns from any part of the same pictures; what the parts share is computed once.

    Args: as `HeadFitter`; `apart`: the folds that are ever left out; `plain`: only the plain discriminant is asked for,
        where pictures are many of the strongest directions alone.
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
        apart: tuple[int, ...],
        strangers: bool,
        config: HeadConfig,
        seed: int,
        plain: bool = False,
    ) -> None:
        self.features, self.labels, self.fold, self.weights = features, labels, fold, weights
        self.classes, self.spans, self.strangers, self.config, self.seed = classes, spans, strangers, config, seed
        scales = (1.0, *[config.stage_scale] * (len(spans) - 1))
        counts = {STAGES: len(spans), HEAD: 1} if len(spans) > 1 and not plain else {STAGES: len(spans)}
        wide = plain and len(labels) > TURNED_UP_TO
        space = partial(principal_directions, rank=_PLAIN_RANK, seed=seed) if wide else FeatureSpace
        jobs = [partial(space, features, spans[:count], scales[:count]) for count in counts.values()]
        self.spaces = dict(zip(counts, parallel_map(jobs), strict=True))
        self._moments = {
            name: FoldMoments(space, labels, weights, fold, classes=classes, apart=apart)
            for name, space in self.spaces.items()
        }
        self._small = all(
            space.turned and len(labels) * space.width * classes <= _LOGISTIC_UP_TO for space in self.spaces.values()
        )

    def learn(self, folds: frozenset[int], left_out: np.ndarray, *, heads: bool = True) -> FittedCandidates:
        """Learn from all pictures but those of some folds, and but `left_out` (positions).

        Args:
            folds: what is held out.
            left_out: what else is not learned from.
            heads: fit every head; else the plain discriminant alone.

        Raises:
            DataError: nothing is left to learn from.
        """
        kept = ~np.isin(self.fold, list(folds))
        extra = left_out[kept[left_out]]
        kept[extra] = False
        rows = np.flatnonzero(kept)
        if not len(rows):
            raise DataError("No picture is left to learn from.", hint="Give more pictures, or fewer of them to test.")
        scatter = self._scatter(STAGES, folds, extra)
        linears = {PLAIN: fit_lda(scatter, scatter.shrinkage)}
        if heads:
            linears[SOFT] = fit_lda(scatter, scatter.shrinkage**0.5)
            linears |= self._others(folds, extra, rows)
        return FittedCandidates(
            linears=linears,
            scorer=self._measures(scatter, rows) if self.strangers else None,
            cumulatives=self._cumulatives(rows, linears[SOFT]) if heads and self.config.ordered else {},
        )

    def _scatter(self, name: str, folds: frozenset[int], extra: np.ndarray) -> Scatter:
        return Scatter.of(self._moments[name].without(folds, extra), self.spaces[name].dimensions)

    def _others(self, folds: frozenset[int], extra: np.ndarray, rows: np.ndarray) -> dict[str, Linear]:
        """Logistic regressions where they are cheap; else the head's mean alone has its discriminant."""
        if self._small:
            return {f"logistic{name}": self._logistic(space, rows) for name, space in self.spaces.items()}
        if HEAD not in self.spaces:
            return {}
        scatter = self._scatter(HEAD, folds, extra)
        return {f"discriminant{HEAD}": fit_lda(scatter, scatter.shrinkage)}

    def _logistic(self, space: FeatureSpace, rows: np.ndarray) -> Linear:
        return fit_logistic(
            space.rows(rows),
            self.labels[rows],
            self.weights[rows],
            classes=self.classes,
            strength=self.config.strength,
        )

    def _cumulatives(self, rows: np.ndarray, soft: Linear) -> dict[str, OrdinalFit]:
        """On all coordinates where these are few; else on the logits of a discriminant, from a sample of many rows."""
        space = self.spaces[STAGES]
        if space.turned:
            coordinates = space.rows(rows)
            found = {
                name: self._cumulative(coordinates, rows, self.config.strength * share)
                for name, share in _CUMULATIVE.items()
            }
        else:
            rows = self._some(rows, _CUMULATIVE_ROWS)
            blocks = [rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK)]
            logits = np.concatenate([soft.logits(space.rows(block)) for block in blocks])
            seen = self._cumulative(logits, rows, self.config.strength)
            found = {"cumulative-projected": seen.behind(soft) if seen else None}
        return {name: cumulative for name, cumulative in found.items() if cumulative is not None}

    def _cumulative(self, coordinates: np.ndarray, rows: np.ndarray, strength: float) -> OrdinalFit | None:
        labels, weights = self.labels[rows], self.weights[rows]
        return fit_ordinal(coordinates, labels, weights, classes=self.classes, strength=strength)

    def _some(self, rows: np.ndarray, most: int) -> np.ndarray:
        """All rows, or a random `most` of them, in order."""
        if len(rows) <= most:
            return rows
        return np.sort(np.random.default_rng(self.seed).choice(rows, most, replace=False))

    def _measures(self, scatter: Scatter, rows: np.ndarray) -> UnknownScorer:
        rows = self._some(rows, _PROTOTYPE_ROWS)
        first = self.spans[:1]
        heads = [unit_blocks(some[:, : first[0][1]], first) for _, some in in_blocks(self.features, rows)]
        return fit_unknown_scorer(
            self.spaces[STAGES],
            scatter,
            np.concatenate(heads),
            self.weights[rows],
            self.spans,
            prototypes=self.config.prototypes,
            rank=self.config.rank,
            seed=self.seed,
        )

    def answer(self, learned: FittedCandidates, positions: np.ndarray) -> HeldOutLogits:
        """What the heads and measures say to some pictures."""
        present = next(iter(learned.linears.values())).present
        return HeldOutLogits(
            positions=positions,
            logits={
                name: linear.logits(self.spaces[_space_of(name)].rows(positions))
                for name, linear in learned.linears.items()
            },
            present=np.broadcast_to(present, (len(positions), self.classes)),
            measures=self._measured(learned.scorer, positions),
            margins={
                name: cumulative.margins(self.spaces[STAGES].rows(positions))
                for name, cumulative in learned.cumulatives.items()
            },
        )

    def _measured(self, scorer: UnknownScorer | None, positions: np.ndarray) -> np.ndarray:
        if scorer is None or not len(positions):
            return np.zeros((len(positions), len(MEASURES)), np.float32)
        silent = np.zeros((1, 1), np.float32)
        return np.concatenate(
            [
                scorer.measure(some, np.broadcast_to(silent, (len(some), 1)))
                for _, some in in_blocks(self.features, positions)
            ]
        )

    def head(self, learned: FittedCandidates, choice: Selection | OrdinalSelection) -> Head:
        """The chosen head as it ships."""
        if isinstance(choice, OrdinalSelection):
            cumulative = learned.cumulatives[choice.name]
            weight = self.spaces[STAGES].weights(cumulative.weight[:, None])[:, 0]
            return choice.head(weight, cumulative, self.spans)
        chosen = {name: learned.linears[name] for name in choice.temperatures}
        weights = {name: self.spaces[_space_of(name)].weights(linear.weight) for name, linear in chosen.items()}
        return choice.head(weights, chosen, self.spans)


def _space_of(name: str) -> str:
    return HEAD if name.endswith(HEAD) else STAGES
