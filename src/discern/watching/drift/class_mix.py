"""Mix of predicted classes, which is reported apart from drift: a weekday may change it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np


def count_classes(label: Iterable[str]) -> Counter[str]:
    """Return the number of exchanges by predicted label."""
    return Counter(map(str, label))


def describe_mix(
    counts: Mapping[str, int], labels: Sequence[str], trained: Mapping[str, int]
) -> tuple[dict[str, Any], ...]:
    """Describe the mix of predicted classes; it is never an alarm.

    Args:
        counts: number of exchanges by predicted label.
        labels: labels of the model.
        trained: number of training pictures, or groups of them, by label.

    Returns:
        For each label, the most frequent first: `label`, `exchanges`, `share` in [0, 1], and `trained`, its share of
        the training pictures; 0 without any.
    """
    total, whole = sum(counts.values()), sum(trained.values())
    order = sorted(dict.fromkeys([*labels, *counts]), key=lambda label: (-counts.get(label, 0), label))
    return tuple(
        {
            "label": label,
            "exchanges": int(counts.get(label, 0)),
            "share": counts.get(label, 0) / total if total else 0.0,
            "trained": trained.get(label, 0) / whole if whole else 0.0,
        }
        for label in order
    )


def difference(mix: Sequence[Mapping[str, Any]]) -> float:
    """Return the total variation distance between the predicted and the trained mix, in [0, 1]."""
    return float(np.sum([abs(each["share"] - each["trained"]) for each in mix]) / 2)
