"""Number of pictures of each class and part."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from discern.catalog import OTHER

if TYPE_CHECKING:
    from discern.catalog import Catalog

PARTS = ("train", "validation", "test")
NO_PART = "no part"


@dataclass(frozen=True, kw_only=True)
class ClassCounts:
    """Number of readable pictures of each class in each given part.

    Attributes:
        parts: the given parts, and "" for pictures outside them; empty if none is given.
        classes: number of pictures of each class by part, in the order of `parts`; a single number without parts.
            `_other`, if there are pictures of none of the classes, is the last.
        unlabelled: number of pictures without a label.
    """

    parts: tuple[str, ...]
    classes: dict[str, tuple[int, ...]]
    unlabelled: int

    def total(self, label: str) -> int:
        """Return the number of pictures of a class."""
        return sum(self.classes[label])

    def in_part(self, place: int) -> int:
        """Return the number of pictures with a label in a part."""
        return sum(counts[place] for counts in self.classes.values())

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON-ready values."""
        names = [part or NO_PART for part in self.parts]
        classes = {
            label: {"pictures": sum(counts)} | ({"parts": dict(zip(names, counts, strict=True))} if names else {})
            for label, counts in self.classes.items()
        }
        return {"title": "Pictures per class", "unit": "pictures", "classes": classes, "unlabelled": self.unlabelled}


def count_classes(catalog: "Catalog") -> ClassCounts:
    """Count the readable pictures of each class and given part of a catalog."""
    part = catalog.table["part"].fill_null("").to_numpy().astype(str)
    found = set(part[catalog.readable].tolist())
    parts = tuple(name for name in (*PARTS, *sorted(found - {*PARTS, ""}), "") if name in found)
    index = catalog.label_index
    masks = {label: index == number for number, label in enumerate(catalog.labels)}
    if catalog.negative.any():
        masks[OTHER] = catalog.negative
    parts = () if parts == ("",) else parts
    return ClassCounts(
        parts=parts,
        classes={label: _by_part(part[own], parts) for label, own in masks.items()},
        unlabelled=int((catalog.readable & (index < 0) & ~catalog.negative).sum()),
    )


def _by_part(part: np.ndarray, parts: Sequence[str]) -> tuple[int, ...]:
    return tuple(int((part == name).sum()) for name in parts) if parts else (len(part),)
