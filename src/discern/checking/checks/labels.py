"""Checks of labels by what heads say that had not learned the picture: likely wrong ones, and odd ones out."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from discern.checking.findings import CheckInput, Finding
from discern.checking.signals.duplicates import conflicted
from discern.checking.signals.label_noise import find_label_issues

_SURE = 0.5
_FAR_APART = 0.95
_FEWEST, _FEWEST_GROUPS = 20, 5


def likely_wrong_label(evidence: CheckInput) -> Iterator[Finding]:
    """Pictures that are confidently of another class, where noise in the labels explains that best.

    Also told is where label and likeliest class are as far apart as can be. A picture under two labels is told as
    `label_conflict`, and one that is like nothing here as `odd_one_out`, not again. Of a class that stands in fewer
    than five independent groups nothing is said: a head that had not learned one of them hardly knows the class.
    """
    opinions = evidence.opinions
    if opinions is None:
        return
    rows = np.flatnonzero((evidence.labels >= 0) & np.isfinite(opinions.probabilities).all(axis=1))
    if len(rows) < _FEWEST:
        return
    doubts = find_label_issues(opinions.probabilities[rows], evidence.labels[rows])
    silent = (evidence.odd | conflicted(evidence.catalog, evidence.edges))[rows]
    known = _groups(evidence) >= _FEWEST_GROUPS
    told = (doubts.proposed >= 0) & known[evidence.labels[rows]] & known[doubts.proposed] & ~silent
    told &= (doubts.wrong > _SURE) | (doubts.margin > _FAR_APART)
    for at in np.flatnonzero(told).tolist():
        row, other = int(rows[at]), evidence.catalog.labels[doubts.proposed[at]]
        given, better = (opinions.probabilities[row, label] for label in (evidence.labels[row], doubts.proposed[at]))
        why = (
            f"It is labelled {evidence.label(row)}, but a model that had not seen it says '{other}' ({better:.0%} "
            f"against {given:.0%}). Look at it: relabel it if that is right, and keep it if not."
        )
        yield Finding(
            check="likely_wrong_label",
            rows=(row,),
            score=float(doubts.wrong[at] + max(doubts.margin[at], 0)) / 2,
            action="relabel",
            value=other,
            why=why,
        )


def _groups(evidence: CheckInput) -> NDArray[np.int64]:
    """How many independent groups each class has: int [K]."""
    labelled = evidence.labels >= 0
    pairs = np.unique(np.stack([evidence.labels, evidence.groups.group])[:, labelled], axis=1)
    return np.bincount(pairs[0], minlength=len(evidence.catalog.labels))


def odd_one_out(evidence: CheckInput) -> Iterator[Finding]:
    """Pictures unlike everything else here, also unlike their own class.

    None is proposed for dropping: what is rare is often what a model needs most, and only a person knows. Classes of
    fewer than five independent groups have none, for the reason given above.
    """
    opinions = evidence.opinions
    known = np.append(_groups(evidence) >= _FEWEST_GROUPS, False)
    rows = np.flatnonzero(evidence.odd & known[evidence.labels]).tolist()
    if opinions is None or not rows:
        return
    known = opinions.unknown_score[np.isfinite(opinions.unknown_score)]
    low, high = np.quantile(known, 0.5), known.max()
    for row in rows:
        why = (
            f"It is unlike everything else here, also unlike the rest of {evidence.label(row)}. If it does not belong "
            "to the set, drop it; if it is a rare sort of its class, keep it and add more like it."
        )
        score = 0.5 + 0.5 * (opinions.unknown_score[row] - low) / (high - low)
        yield Finding(check="odd_one_out", rows=(row,), score=float(score), action="keep", why=why)
