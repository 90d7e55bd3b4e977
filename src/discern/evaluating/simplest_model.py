"""Choice of the simplest of several models that is not inferior to the best one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import combinations

import numpy as np

from discern.evaluating.intervals import Interval
from discern.evaluating.paired_test import PairedTest, adjust_p_values, compute_paired_test

MARGIN, LEVEL = 0.01, 0.05
_ROUNDING = 1e-9


class Evidence(Enum):
    """Strength of the evidence that the chosen model is as good as the best one.

    BEST: it is the best one itself.
    NOT_INFERIOR: its accuracy is at most the margin below, with 95 % confidence.
    UNDECIDED: it is estimated at most the margin below, which no interval shows.
    TOO_FEW: likewise, and there are too few groups for an interval.
    """

    BEST = "best"
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
        return is_significant(self.p)


@dataclass(frozen=True, kw_only=True)
class ModelChoice:
    """Model that is chosen, and the one that it is compared with.

    Attributes:
        chosen: position of the chosen model.
        simplest: position of the simplest one.
        best: position of the best one, the simpler of equal ones.
        evidence: evidence that the chosen one is as good.
        refuted: position of the best one on other pictures, if these show that another one is better; else None.
    """

    chosen: int
    simplest: int
    best: int
    evidence: Evidence
    refuted: int | None = None


def is_significant(p: float | None) -> bool:
    """Return True if an adjusted p-value is below `LEVEL`; False without one."""
    return p is not None and p < LEVEL


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
    simplicity: Sequence[int], pairs: Mapping[tuple[int, int], ModelPair], *, judged: Sequence[float]
) -> ModelChoice:
    """Choose the simplest model that is not inferior to the best one.

    A model is not inferior if the lower end of the interval of its accuracy minus that of the best one is within the
    margin. If that can be shown of the best one alone, the simplest model is chosen that is estimated within the margin
    and that no other one beats by more than chance explains: a larger model has to be worth the margin.

    Args:
        simplicity: positions of the models, the simplest first.
        pairs: tests of all pairs, as from `compare_pairs`.
        judged: accuracies that tell the best model. Those of other pictures than the pairs' keep luck on the same
            pictures from counting.
    """
    first = max(simplicity, key=lambda place: judged[place])
    able = [place for place in simplicity if not any(_is_inferior(place, other, pairs) for other in simplicity)]
    best = max(able, key=lambda place: judged[place])
    shown = next(place for place in able if place == best or is_within(_low(place, best, pairs)))
    chosen = shown
    if shown == best:
        chosen = next(place for place in able if place == best or is_within(_value(place, best, pairs)))
    if chosen == best:
        evidence = Evidence.BEST
    elif chosen == shown:
        evidence = Evidence.NOT_INFERIOR
    else:
        evidence = Evidence.TOO_FEW if _pair(chosen, best, pairs).p is None else Evidence.UNDECIDED
    return ModelChoice(
        chosen=chosen, simplest=simplicity[0], best=best, evidence=evidence, refuted=None if first == best else first
    )


def count_needed(difference: Interval, pictures: int) -> int | None:
    """Estimate the number of pictures whose interval would show that a difference is within the margin.

    Args:
        difference: of the pictures at hand.
        pictures: their number.

    Returns:
        The number to two digits; None without an interval, or with an estimate that is not well within the margin.
    """
    if difference.value is None or difference.low is None or difference.high is None:
        return None
    spare, half = difference.value + MARGIN, (difference.high - difference.low) / 2
    if spare < MARGIN / 4:
        return None
    needed = max(pictures * (half / spare) ** 2, pictures)
    return int(round(needed, 2 - len(str(round(needed)))))


def _is_inferior(place: int, other: int, pairs: Mapping[tuple[int, int], ModelPair]) -> bool:
    """Return True if another model is better by more than chance explains, and not surely within the margin."""
    if place == other or not _pair(place, other, pairs).is_clear:
        return False
    return _value(place, other, pairs) < 0 and not is_within(_low(place, other, pairs))


def is_within(difference: float | None) -> bool:
    """Return True if an accuracy minus another one is not below the margin; False if it is not known."""
    return difference is not None and difference >= -MARGIN - _ROUNDING


def _pair(a: int, b: int, pairs: Mapping[tuple[int, int], ModelPair]) -> ModelPair:
    return pairs[min(a, b), max(a, b)]


def _value(a: int, b: int, pairs: Mapping[tuple[int, int], ModelPair]) -> float:
    """Return the accuracy of one model minus that of another."""
    value = _pair(a, b, pairs).test.difference.value or 0.0
    return value if a < b else -value


def _low(a: int, b: int, pairs: Mapping[tuple[int, int], ModelPair]) -> float | None:
    """Return the lower end of this difference."""
    difference = _pair(a, b, pairs).test.difference
    if a < b or difference.high is None:
        return difference.low
    return -difference.high
