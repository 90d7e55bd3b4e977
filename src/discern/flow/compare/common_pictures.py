"""Pictures that several runs held out, with the answer of each run."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from discern.errors import DataError, RunError
from discern.flow.held_out import ANSWERS, read_held_out
from discern.flow.run import Run

_OF_A_RUN = ("label", "answer", "group")


@dataclass(frozen=True, kw_only=True, eq=False)
class CommonPictures:
    """Pictures that all runs held out under the same label.

    Attributes:
        labels: the classes.
        truth: int [N], indices into `labels`.
        answers: int [N] of each run, likewise.
        groups: int [N], pictures that any run found to be dependent share a value.
        weights: float [N], copies count as one picture.
        held_out: number of pictures that each run held out.
        relabelled: number of common pictures that are left out, as their label differs between runs.
        fingerprint: digest of their contents.
    """

    labels: tuple[str, ...]
    truth: np.ndarray
    answers: Sequence[np.ndarray]
    groups: np.ndarray
    weights: np.ndarray
    held_out: tuple[int, ...]
    relabelled: int
    fingerprint: str = ""

    @property
    def correct(self) -> list[np.ndarray]:
        """Return a boolean mask of the correct answers of each run."""
        return [each == self.truth for each in self.answers]

    @property
    def complete(self) -> bool:
        """Return True if no run held out any other picture."""
        return all(each == len(self.truth) + self.relabelled for each in self.held_out)


def find_common_pictures(runs: Sequence[Run], labels: Sequence[str], *, name: str = ANSWERS) -> CommonPictures:
    """Find the pictures that all runs held out.

    Pictures are the same if their path in the source and their bytes are.

    Args:
        runs: the runs.
        labels: the classes, which all of them share.
        name: file of the predictions, as for `read_held_out`.

    Raises:
        DataError: there are none.
        RunError: a file of a run cannot be read, or names another class.
    """
    tables = [read_held_out(run, name) for run in runs]
    for run, table in zip(runs, tables, strict=True):
        _require_known(run, table, labels, name)
    both = tables[0].select("path", "content", "pixels")
    for number, table in enumerate(tables):
        own = table.select("path", "content", *(pl.col(name).alias(f"{name}{number}") for name in _OF_A_RUN))
        both = both.join(own, on=("path", "content"), maintain_order="left")
    if not len(both):
        raise DataError(
            "No picture was held out by all of these runs, so their accuracies cannot be compared.",
            hint="Compare runs of the same source, with the same --seed and fixes; or measure their bundles on other "
            "pictures with `discern evaluate BUNDLE SOURCE --against BUNDLE`.",
        )
    same = both.filter(pl.all_horizontal(pl.col(f"label{number}") == pl.col("label0") for number in range(len(runs))))
    if not len(same):
        raise DataError(
            f"All {len(both):,} pictures that these runs held out have different labels in them.",
            hint="Apply the same fixes to all runs.",
        )
    place = {label: index for index, label in enumerate(labels)}
    return CommonPictures(
        labels=tuple(labels),
        truth=_indices(same["label0"], place),
        answers=[_indices(same[f"answer{number}"], place) for number in range(len(runs))],
        groups=_join_groups([same[f"group{number}"] for number in range(len(runs))]),
        weights=_weights(same["pixels"]),
        held_out=tuple(map(len, tables)),
        relabelled=len(both) - len(same),
        fingerprint=hashlib.sha256("\n".join(sorted(same["content"])).encode()).hexdigest(),
    )


def _require_known(run: Run, table: pl.DataFrame, labels: Sequence[str], name: str) -> None:
    """Raise RunError if predictions name a class that the metrics of the run do not have."""
    others = sorted({*table["label"], *table["answer"]} - set(labels))
    if others:
        raise RunError(
            f"{run.folder / name} names classes that the metrics of the run do not have: {', '.join(others[:5])}"
            f"{', ...' if len(others) > 5 else ''}.",
            hint="Train again, or compare other runs.",
        )


def _indices(labels: pl.Series, place: dict[str, int]) -> np.ndarray:
    return np.array([place[label] for label in labels], np.int64)


def _join_groups(groups: Sequence[pl.Series]) -> np.ndarray:
    """Join the groups of all runs: two pictures are dependent if any run found it, or through others."""
    size = len(groups[0])
    numbers, count = [], size
    for each in groups:
        found = each.rank("dense").to_numpy().astype(np.int64)
        numbers.append(found + count - 1)
        count += int(found.max())
    pictures = np.tile(np.arange(size), len(groups))
    links = coo_array((np.ones(len(pictures)), (pictures, np.concatenate(numbers))), shape=(count, count))
    return np.asarray(connected_components(links, directed=False)[1][:size])


def _weights(pixels: pl.Series) -> np.ndarray:
    _, inverse, count = np.unique(pixels.fill_null("").to_numpy().astype(str), return_inverse=True, return_counts=True)
    return np.asarray(1.0 / count[inverse])
