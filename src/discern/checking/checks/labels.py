"""Data quality checks that find label errors and outliers from out-of-fold predictions."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from discern.checking.findings import CheckInput, Finding
from discern.checking.signals.duplicates import conflicted
from discern.checking.signals.label_noise import find_label_issues

# Probability that a label is wrong, and margin of another class, from which a label is a finding: chosen with
# benchmarks/issue_detection.py, wrong labels at random and among look-alikes planted in its `TUNED_ON` packs.
WRONG = 0.5
_LARGE_MARGIN = 0.95
_FEWEST, _FEWEST_GROUPS = 20, 5  # not tuned


def likely_wrong_label(data: CheckInput) -> Iterator[Finding]:
    """Find images whose class label is probably wrong.

    They are confidently predicted as another class, and label noise explains that best or the margin is large.

    Label conflicts and outliers are findings of other checks and not repeated. Classes of fewer than five independent
    groups are not checked: a head fitted without one of these groups hardly knows the class.
    """
    predictions = data.predictions
    if predictions is None:
        return
    rows = np.flatnonzero((data.labels >= 0) & np.isfinite(predictions.probabilities).all(axis=1))
    if len(rows) < _FEWEST:
        return
    issues = find_label_issues(predictions.probabilities[rows], data.labels[rows])
    excluded = (data.outliers | conflicted(data.catalog, data.edges))[rows]
    checkable = _count_groups(data) >= _FEWEST_GROUPS
    found = (issues.proposed >= 0) & checkable[data.labels[rows]] & checkable[issues.proposed] & ~excluded
    limit = WRONG if data.config.wrong_probability is None else data.config.wrong_probability
    found &= (issues.wrong > limit) | (issues.margin > max(_LARGE_MARGIN, limit))
    for at in np.flatnonzero(found).tolist():
        row, other = int(rows[at]), data.catalog.labels[issues.proposed[at]]
        given, better = (predictions.probabilities[row, label] for label in (data.labels[row], issues.proposed[at]))
        why = (
            f"It is labelled {data.label(row)}, but a model trained without it predicts '{other}' ({better:.0%} "
            f"against {given:.0%}). Look at it: relabel it if the prediction is right, keep it if not."
        )
        yield Finding(
            check="likely_wrong_label",
            rows=(row,),
            score=float(issues.wrong[at] + max(issues.margin[at], 0)) / 2,
            action="relabel",
            value=other,
            why=why,
        )


def _count_groups(data: CheckInput) -> NDArray[np.int64]:
    """Count the independent groups of each class."""
    labelled = data.labels >= 0
    pairs = np.unique(np.stack([data.labels, data.groups.group])[:, labelled], axis=1)
    return np.bincount(pairs[0], minlength=len(data.catalog.labels))


def odd_one_out(data: CheckInput) -> Iterator[Finding]:
    """Find outlier images, which are far from all other images and from their own class.

    None is proposed for dropping: rare pictures are often what a model needs most, and only a person can tell. Classes
    of fewer than five independent groups are not checked, see `likely_wrong_label`.
    """
    predictions = data.predictions
    checkable = np.append(_count_groups(data) >= _FEWEST_GROUPS, False)
    rows = np.flatnonzero(data.outliers & checkable[data.labels]).tolist()
    if predictions is None or not rows:
        return
    scores = predictions.unknown_score[np.isfinite(predictions.unknown_score)]
    low, high = np.quantile(scores, 0.5), scores.max()
    for row in rows:
        why = (
            f"It is unlike all other pictures, including the rest of {data.label(row)}. Drop it if it does not belong "
            "to the set; if it is a rare variety of its class, keep it and add more like it."
        )
        score = 0.5 + 0.5 * (predictions.unknown_score[row] - low) / (high - low)
        yield Finding(check="odd_one_out", rows=(row,), score=float(score), action="keep", why=why)
