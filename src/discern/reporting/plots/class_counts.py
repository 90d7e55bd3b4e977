"""Number of pictures of each class and part."""

from collections.abc import Iterable, Sequence
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

    def in_part(self, place: int, labels: Iterable[str]) -> int:
        """Return the number of pictures of some classes in a part."""
        return sum(self.classes[label][place] for label in labels)

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
    parts = () if parts == ("",) else parts
    return ClassCounts(
        parts=parts,
        classes={label: _by_part(part[own], parts) for label, own in rows_by_class(catalog).items()},
        unlabelled=int((catalog.readable & (catalog.label_index < 0) & ~catalog.negative).sum()),
    )


def rows_by_class(catalog: "Catalog") -> dict[str, np.ndarray]:
    """Return the rows of the readable pictures of each class, in the order of the labels; `_other`, if any, is last."""
    index = catalog.label_index
    order = np.argsort(index, kind="stable")
    ends = np.searchsorted(index[order], np.arange(len(catalog.labels) + 1))
    rows = {label: order[ends[place] : ends[place + 1]] for place, label in enumerate(catalog.labels)}
    return rows | ({OTHER: np.flatnonzero(catalog.negative)} if catalog.negative.any() else {})


def _by_part(part: np.ndarray, parts: Sequence[str]) -> tuple[int, ...]:
    return tuple(int((part == name).sum()) for name in parts) if parts else (len(part),)
