"""Leak-free split of a data set into cross-validation folds and a test set."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from discern.errors import DataError, UsageError

FORMAT = 1
TEST = -1
"""Round of the test part; also its key in `Split.left_out`."""

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, kw_only=True)
class SplitConfig:
    """Settings for splitting a data set into train, validation and test sets.

    Args:
        seed: random seed, 0 or higher; the result does not depend on the order of the pictures.
        folds: number of folds of cross-validation, 2 or more.
        small: data sets with fewer pictures are cross-validated; the default is not tuned.
        parts: shares of train, validation and test, 0 or higher, train above 0; scaled to sum to 1. Drawn parts have
            these shares of each class's pictures, within one group.
        draw_test: draw a test part from small data sets as well, with shares of 60, 20 and 20 %; written
            to files only if it is set.
    """

    seed: int = 0
    folds: int = 5
    small: int = 2000
    parts: tuple[float, float, float] = (0.7, 0.2, 0.1)
    draw_test: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.folds, int) or isinstance(self.folds, bool) or self.folds < 2:
            raise UsageError(
                f"Cross-validation is not possible with {self.folds} folds.", hint="Use a whole number from 2 upward."
            )
        if len(self.parts) != len(PARTS) or min(self.parts) < 0 or not self.parts[0]:
            raise UsageError(
                f"Invalid shares of train, validation and test: {self.parts}.",
                hint="Pass three shares of 0 or more, the first above 0, such as 70/20/10.",
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Assignment of catalog rows to training and evaluation.

    Args:
        method: `test-part` (the final model is evaluated on `test`) or `grouped-cv` (each fold is evaluated in turn).
        reason: sentence that explains the choice of the method.
        fold: int [N]: fold of each training picture that is evaluated while its fold is held out; -1 for others.
        always: bool [N]: pictures of `unevaluated` classes, always in training and never held out; fold -1.
        test: bool [N]: pictures that the final model is evaluated on; all False in `grouped-cv`.
        group: int [N]: group of each picture.
        held_out: folds that are held out in turn, for evaluation (`grouped-cv`) or model selection (`test-part`).
        left_out: for each fold in `held_out`, and for -1 (the test part), the rows left out of training while it is
            evaluated, because they share a group or near-copy with it.
        part: str [N]: "train", "validation", "test" or "" (unused): one leak-free partition of the files, for other
            tools.
        unevaluated: labels without an evaluated picture, in alphabetical order.
        leaks: number of pictures left out of training because of the test part: the length of `left_out[-1]`.
        proof: result of `prove`.
    """

    method: Literal["test-part", "grouped-cv"]
    reason: str
    fold: NDArray[np.int64]
    always: NDArray[np.bool_]
    test: NDArray[np.bool_]
    group: NDArray[np.int64]
    held_out: tuple[int, ...]
    left_out: Mapping[int, NDArray[np.int64]]
    part: NDArray[np.str_]
    unevaluated: tuple[str, ...]
    leaks: int = 0
    proof: Mapping[str, Any] = field(default_factory=dict)

    @property
    def train(self) -> NDArray[np.bool_]:
        """Return a boolean mask of the final model's training images."""
        return (self.fold >= 0) | self.always

    @property
    def rounds(self) -> tuple[int, ...]:
        """Return the held-out folds to evaluate, followed by -1 for any test set."""
        return (*self.held_out, TEST) if self.method == "test-part" else self.held_out

    def held_out_rows(self, fold: int) -> NDArray[np.int64]:
        """Return the evaluation rows of a fold, or of the test set for -1, in ascending order."""
        return np.flatnonzero(self.test if fold == TEST else self.fold == fold)

    def training_rows(self, fold: int) -> NDArray[np.int64]:
        """Return the rows to train on when a fold, or the test set for -1, is held out, in ascending order."""
        rows = np.flatnonzero(self.train & (self.always | (fold == TEST) | (self.fold != fold)))
        return np.setdiff1d(rows, self.left_out.get(fold, np.empty(0, np.int64)))

    def left_out_among(self, rows: NDArray[np.int64]) -> dict[int, NDArray[np.int64]]:
        """Convert excluded training rows to their positions in an array of rows.

        Left-out rows that are not in `rows` are omitted.
        """
        position = np.full(len(self.fold), -1, np.int64)
        position[rows] = np.arange(len(rows))
        return {fold: position[left][position[left] >= 0] for fold, left in self.left_out.items()}

    def to_json(self) -> dict[str, Any]:
        """Convert the split to JSON-serialisable values."""
        return {
            "format": FORMAT,
            "method": self.method,
            "reason": self.reason,
            "held": list(self.held_out),
            "unjudged": list(self.unevaluated),
            "leaks": self.leaks,
            "proof": dict(self.proof),
            "left_out": {str(fold): rows.tolist() for fold, rows in self.left_out.items()},
            "fold": self.fold.tolist(),
            "always": np.flatnonzero(self.always).tolist(),
            "test": np.flatnonzero(self.test).tolist(),
            "group": self.group.tolist(),
            "part": self.part.tolist(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Create a split from the result of `to_json`.

        Raises:
            DataError: a newer format, or a missing or invalid value.
        """
        if data.get("format") != FORMAT:
            raise DataError(
                f"This split has format {data.get('format')!r}, but only format {FORMAT} can be read.",
                hint="Upgrade Discern, or split again.",
            )
        try:
            return cls._read(data)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise DataError(f"This split is incomplete or damaged: {error!r}.", hint="Split again.") from error

    @classmethod
    def _read(cls, data: Mapping[str, Any]) -> Self:
        fold = np.array(data["fold"], np.int64)
        return cls(
            method=data["method"],
            reason=data["reason"],
            fold=fold,
            always=_mask(data["always"], len(fold)),
            test=_mask(data["test"], len(fold)),
            group=np.array(data["group"], np.int64),
            held_out=tuple(data["held"]),
            left_out={int(key): np.array(rows, np.int64) for key, rows in data["left_out"].items()},
            part=np.array(data["part"], "<U10"),
            unevaluated=tuple(data["unjudged"]),
            leaks=data["leaks"],
            proof=data["proof"],
        )


def _mask(rows: list[int], length: int) -> NDArray[np.bool_]:
    mask = np.zeros(length, np.bool_)
    mask[rows] = True
    return mask
