"""The pictures that a split deals with, in an order that does not depend on how they were found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from discern.errors import DataError
from discern.splitting.folds import Bools, Ints, assign_folds

if TYPE_CHECKING:
    from discern.catalog import Catalog
    from discern.grouping import Groups


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Labels, groups and confirmed pairs of N pictures.

    Args:
        label: int [N]; -1 where there is none.
        part: str [N]: as given; "" where none is.
        labels: names of the labels.
        group: int [N].
        pairs: int [E, 2]: rows that are copies of each other although their groups differ.
        order: int [N]: the rows sorted by path.
        usable: bool [N]: readable, labelled, not excluded.
        kept: bool [N]: excluded, yet the only pictures of their class: they are learned from and never judged.
    """

    label: Ints
    labels: tuple[str, ...]
    part: NDArray[np.str_]
    group: Ints
    pairs: Ints
    order: Ints
    usable: Bools
    kept: Bools

    @classmethod
    def of(cls, catalog: "Catalog", groups: "Groups", exclude: Bools | None) -> Self:
        """The pool of a catalog.

        Raises:
            DataError: no picture is both readable and labelled.
        """
        label = np.asarray(catalog.label_index, np.int64)
        labelled = np.asarray(catalog.readable) & (label >= 0)
        if not labelled.any():
            raise DataError(
                f"None of the {len(label)} files is a readable picture with a label, so there is nothing to split.",
                hint="Put the pictures into one folder for each class.",
            )
        usable = labelled if exclude is None else labelled & ~exclude
        return cls(
            label=label,
            labels=tuple(catalog.labels),
            part=catalog.table["part"].fill_null("").to_numpy().astype(str),
            group=np.asarray(groups.group, np.int64),
            pairs=groups.straddling.select("first", "second").to_numpy().astype(np.int64).reshape(-1, 2),
            order=catalog.table["path"].arg_sort().to_numpy().astype(np.int64),
            usable=usable,
            kept=labelled & ~np.isin(label, label[usable]),
        )

    @property
    def present(self) -> Bools:
        """Bool [N]: the pictures that may be learned from."""
        return self.usable | self.kept

    def given_test(self) -> str | None:
        """The given part that judges: "test", or "validation" where it is the only one; None: there is none."""
        for name in ("test", "validation"):
            inside = self.part == name
            if (self.usable & inside).any():
                return name if (self.present & ~inside).any() else None
        return None

    def deal(self, rows: Bools, shares: Sequence[float], seed: int) -> Ints:
        """Int [N]: the part that each of these rows is dealt to; -1 for all others."""
        part = np.full(len(self.label), -1, np.int64)
        chosen = self.order[rows[self.order]]
        part[chosen] = assign_folds(self.label[chosen], self.group[chosen], shares, seed=seed)
        return part

    def leaking(self, learned: Bools, judged: Bools) -> Bools:
        """Bool [N]: learned pictures that share a group or a confirmed pair with a judged one."""
        close = np.isin(self.group, self.group[judged])
        for one, other in (self.pairs.T, self.pairs.T[::-1]):
            close[one[judged[other]]] = True
        return learned & close

    def group_counts(self, rows: Bools) -> Ints:
        """Int [K]: how many groups of each class stand in these rows."""
        pairs = np.unique(np.stack([self.label[rows], self.group[rows]]), axis=1)
        return np.bincount(pairs[0], minlength=len(self.labels))

    def labels_outside(self, rows: Bools) -> tuple[str, ...]:
        """The labels that none of these rows has."""
        found = set(self.label[rows].tolist())
        return tuple(label for number, label in enumerate(self.labels) if number not in found)
