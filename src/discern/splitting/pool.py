"""Images to split into train and test sets, with labels, groups and near-duplicates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from discern.errors import DataError
from discern.splitting.folds import assign_folds
from discern.splitting.group_counts import Bools, Ints

if TYPE_CHECKING:
    from discern.catalog import Catalog
    from discern.grouping import Groups


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Images to split into train and test sets, with labels, groups and near-duplicates.

    Args:
        label: int [N]: class index; -1 for unlabelled pictures.
        labels: names of the K classes.
        part: str [N]: given part; "" if there is none.
        group: int [N].
        pairs: int [E, 2]: rows that are near-copies of each other although their groups differ.
        order: int [N]: rows sorted by path, so that splits do not depend on the order of the catalog.
        usable: bool [N]: readable, labelled and not excluded.
        train_only: bool [N]: excluded, but of a class without usable pictures; always in training, never evaluated.
    """

    label: Ints
    labels: tuple[str, ...]
    part: NDArray[np.str_]
    group: Ints
    pairs: Ints
    order: Ints
    usable: Bools
    train_only: Bools

    @classmethod
    def of(cls, catalog: "Catalog", groups: "Groups", exclude: Bools | None) -> Self:
        """Create the pool of a catalog's images.

        Raises:
            DataError: no picture is both readable and labelled.
        """
        label = np.asarray(catalog.label_index, np.int64)
        labelled = np.asarray(catalog.readable) & (label >= 0)
        if not labelled.any():
            raise DataError(
                f"None of the {np.count_nonzero(catalog.readable)} readable pictures has a label.",
                hint=" ".join(
                    [*catalog.notes, "Move the pictures into one folder per class, or pass a list with labels."]
                ),
            )
        usable = labelled if exclude is None else labelled & ~exclude
        return cls(
            label=label,
            labels=tuple(catalog.labels),
            part=catalog.table["part"].fill_null("").to_numpy().astype(str),
            group=np.asarray(groups.group, np.int64),
            pairs=groups.cross_pairs.select("first", "second").to_numpy().astype(np.int64).reshape(-1, 2),
            order=catalog.table["path"].arg_sort().to_numpy().astype(np.int64),
            usable=usable,
            train_only=labelled & ~np.isin(label, label[usable]),
        )

    @property
    def trainable(self) -> Bools:
        """Return a boolean mask of the images available for training."""
        return self.usable | self.train_only

    def given_test(self) -> str | None:
        """Return the declared split part to test on ("test" or else "validation"), or None."""
        for name in ("test", "validation"):
            in_part = self.part == name
            if (self.usable & in_part).any():
                return name if (self.trainable & ~in_part).any() else None
        return None

    def assign(self, rows: Bools, shares: Sequence[float], seed: int, *, needed: Sequence[int] | None = None) -> Ints:
        """Assign the given rows to stratified parts of whole groups (see `assign_folds`), and all other rows to -1."""
        part = np.full(len(self.label), -1, np.int64)
        ordered = self.order[rows[self.order]]
        part[ordered] = assign_folds(self.label[ordered], self.group[ordered], shares, seed=seed, needed=needed)
        return part

    def leaking(self, train: Bools, test: Bools) -> Bools:
        """Return a mask of the training rows that share a group or near-duplicate with a test row."""
        leaks = np.isin(self.group, self.group[test])
        for one, other in (self.pairs.T, self.pairs.T[::-1]):
            leaks[one[test[other]]] = True
        return train & leaks

    def group_counts(self, rows: Bools) -> Ints:
        """Count the groups of each class among the given rows."""
        pairs = np.unique(np.stack([self.label[rows], self.group[rows]]), axis=1)
        return np.bincount(pairs[0], minlength=len(self.labels))

    def labels_outside(self, rows: Bools) -> tuple[str, ...]:
        """Return the class labels that are missing from the given rows."""
        found = set(self.label[rows].tolist())
        return tuple(label for number, label in enumerate(self.labels) if number not in found)
