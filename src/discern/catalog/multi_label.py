"""Words and rule for multi-label data sets, in which pictures have several labels at once; they are not supported."""

import math
import re
from collections.abc import Iterator, Sequence

MULTI_LABEL = "This looks multi-label, which is not supported"
REMEDY = (
    "Keep each picture under one label; or train one model for each label, with the pictures that have it in one "
    "folder and the rest in another."
)
# Not tuned: a label that is wrong by mistake is rarer than one in ten, and less often contradicted by a copy.
_SHARE, _FEWEST, _DEVIATIONS = 0.1, 5, 2.0


def looks_multi_label(several: int, pictures: int) -> bool:
    """Return True if so many pictures have several labels that it is hardly by mistake: surely more than a tenth.

    >>> looks_multi_label(5, 20), looks_multi_label(12, 100), looks_multi_label(3, 6)
    (True, False, False)
    """
    chance = _DEVIATIONS * math.sqrt(_SHARE * (1 - _SHARE) * pictures)
    return several >= _FEWEST and several - _SHARE * pictures > chance


def describe_combined(labels: Sequence[str | None]) -> Iterator[str]:
    """Yield a sentence if many labels of a list consist of several others, such as "cat|dog" beside "cat" and "dog".

    Args:
        labels: label of each picture, or None.
    """
    known = {label for label in labels if label}
    combined = {label for label in known if len(parts := _parts(label)) > 1 and known.issuperset(parts)}
    several = sum(label in combined for label in labels)
    if looks_multi_label(several, len(labels)):
        yield (
            f"{MULTI_LABEL}: {several:,} of {len(labels):,} pictures have several labels in one cell, such as "
            f"{min(combined)}. Each combination is a class of its own here."
        )


def _parts(label: str) -> list[str]:
    return [part.strip() for part in re.split("[|;,]", label)]
