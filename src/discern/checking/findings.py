"""Inputs, findings and settings of the data quality checks."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from discern.catalog.label_text import show_label
from discern.checking.signals.duplicates import Duplicate, find_duplicates
from discern.checking.signals.exposure import Exposure
from discern.checking.signals.outliers import find_outliers
from discern.checking.signals.several_labels import SeveralLabels, find_several_labels
from discern.grouping import film_frames

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from discern.catalog import Catalog
    from discern.grouping import Groups
    from discern.heads import OutOfFoldPredictions

Action = Literal["drop", "relabel", "group", "keep"]


@dataclass(frozen=True, kw_only=True)
class CheckConfig:
    """Thresholds of the data quality checks.

    Attributes:
        fewest_groups: fewest independent groups of a class.
        large_share: largest share of a class in one group, in (0, 1].
        large_pictures: a group of no more pictures than this is never large.
        rare_share: smallest number of groups of a class, relative to the largest class, in (0, 1).
        smallest_side: fewest pixels of the shorter side; None for 40, and up to 64 in a set of much larger pictures.
        largest_aspect: largest ratio of the longer to the shorter side.
        wrong_probability: largest probability that a label is wrong, in [0, 1]; None for the check's own.
        outlier_deviations: most standard deviations of a picture's distance above the median; None for the check's own.
        blank_deviation: smallest standard deviation of levels, of 255; None for a limit that is lower in the dark.
        dark_level: lowest level of the lightest parts, of 255; None for a limit that rises with the set's median.
        bright_level: highest level of the darkest parts, of 255; None for the check's own rules.
        lowest_sharpness: lowest sharpness, in [0, 1]; None for a limit that rises with the sharpness of the set.
    """

    fewest_groups: int = 10
    large_share: float = 0.05
    large_pictures: int = 10
    rare_share: float = 0.2
    smallest_side: float | None = None
    largest_aspect: float = 3.0
    wrong_probability: float | None = None
    outlier_deviations: float | None = None
    blank_deviation: float | None = None
    dark_level: float | None = None
    bright_level: float | None = None
    lowest_sharpness: float | None = None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Problem found by a data quality check, with its proposed fix.

    Attributes:
        check: the name of the check.
        rows: rows of the catalog; a fix of one picture is for the first. A pair of copies has two rows.
        score: severity or confidence in [0, 1].
        action: the fix proposed for `rows[0]`: "drop", "relabel", "group" or "keep" (for a person to decide).
        value: the group's name if the action is "group", the proposed label if it is "relabel", else "".
        why: the problem and the remedy in a sentence or two, for readers without training in machine learning.
    """

    check: str
    rows: tuple[int, ...]
    score: float
    action: Action
    value: str = ""
    why: str


@dataclass(frozen=True, kw_only=True)
class CheckInput:
    """Input of the data quality checks, with images, groups, duplicates and predictions.

    Attributes:
        catalog: the N pictures.
        edges: result of `find_edges`.
        groups: result of `form_groups`.
        predictions: out-of-fold predictions of all pictures; None with fewer than two classes.
        config: thresholds of the checks.
    """

    catalog: "Catalog"
    edges: "pl.DataFrame"
    groups: "Groups"
    predictions: "OutOfFoldPredictions | None" = None
    config: CheckConfig = field(default_factory=CheckConfig)

    @cached_property
    def paths(self) -> list[str]:
        """Return the path of each image."""
        return self.catalog.table["path"].to_list()

    @cached_property
    def labels(self) -> "NDArray[np.int64]":
        """Return the class index of each image, or -1 for unreadable and unlabelled images."""
        return np.asarray(self.catalog.label_index, np.int64)

    @cached_property
    def parts(self) -> list[str]:
        """Return the declared split part of each image, or an empty string."""
        return self.catalog.table["part"].fill_null("").to_list()

    @cached_property
    def film_frames(self) -> "NDArray[np.bool_]":
        """Return a boolean mask of the images that belong to a film or burst."""
        return film_frames(self.groups, self.edges)

    @cached_property
    def exposure(self) -> Exposure:
        """Return the brightness and border statistics of all images."""
        return Exposure.measure(self.catalog.thumbs, np.flatnonzero(self.catalog.readable))

    @cached_property
    def outliers(self) -> "NDArray[np.bool_]":
        """Return a boolean mask of the outliers, whose labels cannot be checked."""
        return find_outliers(self.predictions, self.labels, deviations=self.config.outlier_deviations)

    @cached_property
    def duplicates(self) -> list[Duplicate]:
        """Return the pairs of duplicate and near-duplicate images.

        Of each pair, a labelled picture stays, then one of the test part, then one of the validation part, then the
        first by path.
        """
        part_order = {"test": 0, "validation": 1}
        keys = [
            (label < 0, part_order.get(part, 2), path)
            for label, part, path in zip(self.labels, self.parts, self.paths, strict=True)
        ]
        rank = np.argsort(sorted(range(len(keys)), key=keys.__getitem__))
        return list(find_duplicates(self.edges, labels=self.labels, rank=rank))

    @cached_property
    def several_labels(self) -> SeveralLabels | None:
        """Return the images under several labels if the data set looks multi-label, or None."""
        return find_several_labels(self.catalog)

    @cached_property
    def group_names(self) -> dict[int, str]:
        """Return the declared name of each group, or the path of its first image."""
        names: dict[int, tuple[bool, str]] = {}
        for group, declared, path in zip(self.groups.group, self.catalog.table["group"], self.paths, strict=True):
            name = (declared is None, declared or path)
            names[int(group)] = min(name, names.get(int(group), name))
        return {group: name for group, (_, name) in names.items()}

    def label(self, row: int) -> str:
        """Return an image's class label in quotes."""
        place = int(self.labels[row])
        return f"'{show_label(self.catalog.labels[place])}'" if place >= 0 else "no label"

    def labels_conflict(self, first: int, second: int) -> bool:
        """Return True if two images have different class labels."""
        return bool(self.labels[first] != self.labels[second] and min(self.labels[first], self.labels[second]) >= 0)

    def parts_differ(self, first: int, second: int) -> bool:
        """Return True if two images are in different declared split parts."""
        return self.parts[first] != self.parts[second] and "" not in (self.parts[first], self.parts[second])


class Check(Protocol):
    """Protocol of functions that implement a data quality check.

    Its name is the `check` of its findings.
    """

    __name__: str

    def __call__(self, data: CheckInput) -> Iterable[Finding]:
        """Find problems in a set of images."""
