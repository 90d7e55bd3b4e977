"""What a check is, what it looks at, and what it says."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from discern.checking.signals.duplicates import Duplicate, find_duplicates
from discern.checking.signals.exposure import Exposure
from discern.checking.signals.outliers import find_outliers

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from discern.catalog import Catalog
    from discern.grouping import Groups
    from discern.heads import OutOfFoldPredictions

Action = Literal["drop", "relabel", "group", "keep"]


@dataclass(frozen=True, kw_only=True)
class CheckConfig:
    """From when on something is a finding.

    Args:
        fewest_groups: a class of fewer independent groups is small.
        large_share: a group over this share of its class is large, in (0, 1], ...
        large_pictures: ... and has more pictures than this.
        rare_share: a class with less than this share of the largest class's groups is rare, in (0, 1).
        smallest_side: a picture whose shorter side has fewer pixels is small; among large ones already below 64.
        largest_aspect: a picture whose longer side is more than this many times the shorter one is extreme.
    """

    fewest_groups: int = 10
    large_share: float = 0.05
    large_pictures: int = 10
    rare_share: float = 0.2
    smallest_side: int = 40
    largest_aspect: float = 3.0


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong, and what to do about it.

    Args:
        check: the name of the check.
        rows: of the catalog; where `action` is for one picture it is the first. A pair of copies is two rows.
        score: how grave or how sure it is, in [0, 1].
        action: what is proposed for `rows[0]`: "drop", "relabel", "group" or "keep" (a person decides).
        value: the group's name where the action is "group", the proposed label where it is "relabel", else "".
        why: a sentence or two for a layman: what was found and what to do.
    """

    check: str
    rows: tuple[int, ...]
    score: float
    action: Action
    value: str = ""
    why: str


@dataclass(frozen=True, kw_only=True)
class CheckInput:
    """What checks look at: N pictures, confirmed pairs of copies, and groups.

    Args:
        catalog: the pictures.
        edges: as `find_edges` gives them.
        groups: as `form_groups` gives them.
        opinions: what heads that had not learned a picture say to it; None: there are no two classes.
        config: from when on something is a finding.
    """

    catalog: "Catalog"
    edges: "pl.DataFrame"
    groups: "Groups"
    opinions: "OutOfFoldPredictions | None" = None
    config: CheckConfig = field(default_factory=CheckConfig)

    @cached_property
    def paths(self) -> list[str]:
        """The path of every row."""
        return self.catalog.table["path"].to_list()

    @cached_property
    def labels(self) -> "NDArray[np.int64]":
        """Int [N]: places in `catalog.labels`; -1 without a label or unreadable."""
        return np.asarray(self.catalog.label_index, np.int64)

    @cached_property
    def parts(self) -> list[str]:
        """The given part of every row, "" without one."""
        return self.catalog.table["part"].fill_null("").to_list()

    @cached_property
    def light(self) -> Exposure:
        """How light falls in every picture, seen once for all checks."""
        return Exposure.of(self.catalog.thumbs, np.flatnonzero(self.catalog.readable))

    @cached_property
    def odd(self) -> "NDArray[np.bool_]":
        """Bool [N]: pictures that are like nothing else here, so that nothing can be said of their label."""
        return find_outliers(self.opinions, self.labels)

    @cached_property
    def copies(self) -> list[Duplicate]:
        """Every pair of copies once; labelled pictures stay, then those that judge, then the first by path."""
        judging = {"test": 0, "validation": 1}
        keys = [
            (label < 0, judging.get(part, 2), path)
            for label, part, path in zip(self.labels, self.parts, self.paths, strict=True)
        ]
        rank = np.argsort(sorted(range(len(keys)), key=keys.__getitem__))
        return list(find_duplicates(self.edges, labels=self.labels, rank=rank))

    @cached_property
    def group_names(self) -> dict[int, str]:
        """What each group is called in fixes.csv: as declared, or after its first picture."""
        names: dict[int, tuple[bool, str]] = {}
        for group, declared, path in zip(self.groups.group, self.catalog.table["group"], self.paths, strict=True):
            name = (declared is None, declared or path)
            names[int(group)] = min(name, names.get(int(group), name))
        return {group: name for group, (_, name) in names.items()}

    def label(self, row: int) -> str:
        """The label of a row, in quotes, for a sentence."""
        place = int(self.labels[row])
        return f"'{self.catalog.labels[place]}'" if place >= 0 else "no label"

    def conflict(self, first: int, second: int) -> bool:
        """Whether two rows have labels, and not the same one."""
        return bool(self.labels[first] != self.labels[second] and min(self.labels[first], self.labels[second]) >= 0)

    def across(self, first: int, second: int) -> bool:
        """Whether two rows stand in different given parts."""
        return self.parts[first] != self.parts[second] and "" not in (self.parts[first], self.parts[second])


class Check(Protocol):
    """Looks for one kind of fault; its name is the finding's `check`."""

    __name__: str

    def __call__(self, evidence: CheckInput) -> Iterable[Finding]:
        """Say what was found."""
