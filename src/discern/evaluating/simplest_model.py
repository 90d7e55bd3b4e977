"""Choice of the simplest of several models that none is shown to beat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import combinations

import numpy as np

from discern.evaluating.intervals import Interval
from discern.evaluating.paired_test import PairedTest, adjust_p_values, compute_paired_test

MARGIN, LEVEL = 0.01, 0.05


class Evidence(Enum):
    """Strength of the evidence that the chosen model is as good as the most accurate one.

    MOST_ACCURATE: it is the most accurate one itself.
    NOT_INFERIOR: its accuracy is at most the margin below, with 95 % confidence.
    UNDECIDED: neither that nor a difference is shown.
    TOO_FEW: there are too few groups for a test.
    """

    MOST_ACCURATE = "most accurate"
    NOT_INFERIOR = "not inferior"
    UNDECIDED = "undecided"
    TOO_FEW = "too few groups"


@dataclass(frozen=True, kw_only=True)
class ModelPair:
    """Paired test of two models, the first minus the second.

    Attributes:
        test: the difference, and the p-value of this pair alone.
        p: p-value adjusted for the number of pairs; None if there are too few groups.
        only_first_wrong: number of pictures that only the first gets wrong.
        only_second_wrong: number of pictures that only the second gets wrong.
    """

    test: PairedTest
    p: float | None
    only_first_wrong: int
    only_second_wrong: int

    @property
    def is_clear(self) -> bool:
        """Return True if the models differ by more than chance explains."""
        return self.p is not None and self.p < LEVEL


@dataclass(frozen=True, kw_only=True)
class ModelChoice:
    """Model that is chosen, and the most accurate one.

    Attributes:
        chosen: position of the chosen model.
        simplest: position of the simplest one.
        most_accurate: position of the most accurate one, the simpler of equal ones.
        evidence: evidence that the chosen one is as good.
    """

    chosen: int
    simplest: int
    most_accurate: int
    evidence: Evidence


def compare_pairs(
    correct: Sequence[np.ndarray], *, groups: np.ndarray, weights: np.ndarray | None = None
) -> dict[tuple[int, int], ModelPair]:
    """Test each pair of models on the same pictures, by their positions.

    Args:
        correct: bool [N] of each model.
        groups: [N], dependent pictures share a value.
        weights: float [N]; None for 1 each.
    """
    places = list(combinations(range(len(correct)), 2))
    tests = [compute_paired_test(correct[a], correct[b], groups=groups, weights=weights) for a, b in places]
    adjusted = adjust_p_values([each.p for each in tests])
    return {
        (a, b): ModelPair(
            test=test,
            p=p,
            only_first_wrong=int((~correct[a] & correct[b]).sum()),
            only_second_wrong=int((correct[a] & ~correct[b]).sum()),
        )
        for (a, b), test, p in zip(places, tests, adjusted, strict=True)
    }


def compare_classes(
    first: np.ndarray, second: np.ndarray, truth: np.ndarray, *, groups: np.ndarray, weights: np.ndarray | None = None
) -> dict[int, tuple[Interval, float | None]]:
    """Test the recalls of two models in each class that occurs, with the p-values adjusted for the number of classes.

    Args:
        first: bool [N], correctness of the first model.
        second: likewise of the second.
        truth: int [N], the class of each picture.
        groups: [N], dependent pictures share a value.
        weights: float [N]; None for 1 each.
    """
    tests = {}
    for label in np.unique(truth).tolist():
        own = truth == label
        heavy = None if weights is None else weights[own]
        tests[label] = compute_paired_test(first[own], second[own], groups=groups[own], weights=heavy)
    adjusted = adjust_p_values([each.p for each in tests.values()])
    return {label: (test.difference, p) for (label, test), p in zip(tests.items(), adjusted, strict=True)}


def choose_model(
    accuracy: Sequence[float], simplicity: Sequence[int], pairs: Mapping[tuple[int, int], ModelPair]
) -> ModelChoice:
    """Choose the simplest model that no other one is shown to beat by more than the margin.

    A model is passed over for one that is better by more than chance explains after Holm's correction, unless the lower
    end of the interval of their difference is within the margin. So of equally good models the simplest is chosen but
    in 5 % of the cases at most.

    Args:
        accuracy: of each model.
        simplicity: positions of the models, the simplest first.
        pairs: tests of all pairs, as from `compare_pairs`.
    """
    most_accurate = max(simplicity, key=lambda place: accuracy[place])
    chosen = next(
        place
        for place in simplicity
        if not any(_is_inferior(place, other, pairs) for other in simplicity if other != place)
    )
    if chosen == most_accurate:
        evidence = Evidence.MOST_ACCURATE
    else:
        low, p = _low(chosen, most_accurate, pairs), _pair(chosen, most_accurate, pairs).p
        within = low is not None and low >= -MARGIN
        evidence = Evidence.TOO_FEW if p is None else Evidence.NOT_INFERIOR if within else Evidence.UNDECIDED
    return ModelChoice(chosen=chosen, simplest=simplicity[0], most_accurate=most_accurate, evidence=evidence)


def _is_inferior(place: int, other: int, pairs: Mapping[tuple[int, int], ModelPair]) -> bool:
    pair, low = _pair(place, other, pairs), _low(place, other, pairs)
    worse = (pair.test.difference.value or 0.0) * (1 if place < other else -1) < 0
    return worse and pair.is_clear and low is not None and low < -MARGIN


def _pair(a: int, b: int, pairs: Mapping[tuple[int, int], ModelPair]) -> ModelPair:
    return pairs[min(a, b), max(a, b)]


def _low(a: int, b: int, pairs: Mapping[tuple[int, int], ModelPair]) -> float | None:
    """Return the lower end of the accuracy of one model minus that of another."""
    difference = _pair(a, b, pairs).test.difference
    if a < b or difference.high is None:
        return difference.low
    return -difference.high
