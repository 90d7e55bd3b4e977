"""Balance of labels with few and many training pictures."""

import numpy as np

from discern.errors import UsageError

NONE, WEIGHTS, SAMPLING = "none", "weights", "sampling"
BALANCES = (NONE, WEIGHTS, SAMPLING)


def check_balance(name: str) -> None:
    """Raise UsageError if a way to balance labels is unknown."""
    if name not in BALANCES:
        raise UsageError(f"Unknown balance: {name}.", hint=f"Use one of: {', '.join(BALANCES)}.")


def balance_weights(weights: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Scale sample weights so that each label has the same sum; the sum of all stays.

    >>> balance_weights(np.array([1.0, 1.0, 2.0, 4.0]), np.array([0, 0, 0, 5]))
    array([1., 1., 2., 4.])
    """
    names, place = np.unique(labels, return_inverse=True)
    sums = np.bincount(place, weights)
    balanced: np.ndarray = weights * (weights.sum() / (len(names) * sums))[place]
    return balanced


def draw_balanced(labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Draw the pictures of an epoch, as many of each label (within one) and as many in all as there are.

    Of a label with more pictures than its part, a random choice is drawn; of one with fewer, all are drawn equally
    often (within one).

    Returns:
        int, positions in random order.
    """
    names, place = np.unique(labels, return_inverse=True)
    ends = np.linspace(0, len(labels), len(names) + 1).round().astype(int)
    parts = dict(zip(random.permutation(len(names)), np.diff(ends), strict=True))
    drawn = [_draw_evenly(np.flatnonzero(place == name), int(part), random) for name, part in sorted(parts.items())]
    return np.asarray(random.permutation(np.concatenate(drawn)))


def _draw_evenly(rows: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    rounds = -(-count // len(rows))
    return np.concatenate([random.permutation(rows) for _ in range(rounds)])[:count] if rounds else rows[:0]
