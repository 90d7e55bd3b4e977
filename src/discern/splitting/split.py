"""The split as a value: who is learned from, who is judged, and who is left out for whose sake."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from discern.errors import DataError, UsageError

FORMAT = 1
TEST = -1
"""The round, and the key of `Split.left_out`, of the test part."""

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, kw_only=True)
class SplitConfig:
    """How pictures are split.

    Args:
        seed: 0 or higher; the same seed gives the same split, in whatever order the pictures were found.
        folds: how many folds cross-validation has, 2 or more.
        small: sets with fewer pictures are judged by cross-validation.
        parts: shares of train, validation and test; 0 or higher, train above 0. They are scaled to sum to 1.
    """

    seed: int = 0
    folds: int = 5
    small: int = 2000
    parts: tuple[float, float, float] = (0.7, 0.2, 0.1)

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise UsageError(f"{self.folds} folds cannot judge anything.", hint="Ask for 2 folds or more.")
        if len(self.parts) != len(PARTS) or min(self.parts) < 0 or not self.parts[0]:
            raise UsageError(
                f"{self.parts} are no shares of train, validation and test.", hint="Give three, such as 70/20/10."
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Which pictures are learned from and which are judged; N rows as in the catalog.

    Args:
        method: `test-part` (the final model is judged on `test`) or `grouped-cv` (each fold is judged in turn).
        reason: one sentence: why this method.
        fold: int [N]: the fold of a picture that is learned from, and judged while its fold is held out; -1 for others.
        always: bool [N]: pictures (of `unjudged` classes) that are always learned from and never held out; fold -1.
        test: bool [N]: pictures that judge the final model; all False in `grouped-cv`.
        group: int [N]: the group of each picture.
        held: the folds that are held out in turn; `grouped-cv` judges on them, `test-part` makes its choices on them.
        left_out: for each fold in `held`, and for -1 (the test part), the rows not to be learned from while it is
            judged, because they are too close to a judged picture.
        part: str [N]: "train", "validation", "test" or "" (unused): one leak-free partition of the
            files, for other tools.
        unjudged: labels without a judged picture, in alphabetical order.
        leaks: pictures that left training because they also stand in the test part: as many as `left_out[-1]`.
        proof: what `prove` found, ready for JSON.
    """

    method: Literal["test-part", "grouped-cv"]
    reason: str
    fold: NDArray[np.int64]
    always: NDArray[np.bool_]
    test: NDArray[np.bool_]
    group: NDArray[np.int64]
    held: tuple[int, ...]
    left_out: Mapping[int, NDArray[np.int64]]
    part: NDArray[np.str_]
    unjudged: tuple[str, ...]
    leaks: int = 0
    proof: Mapping[str, Any] = field(default_factory=dict)

    @property
    def learned(self) -> NDArray[np.bool_]:
        """Bool [N]: the pictures that the final model is fitted on."""
        return (self.fold >= 0) | self.always

    @property
    def rounds(self) -> tuple[int, ...]:
        """The rounds of judging: every held fold, and -1 where there is a test part."""
        return (*self.held, TEST) if self.method == "test-part" else self.held

    def judged_rows(self, fold: int) -> NDArray[np.int64]:
        """Rows judged in the round of this fold, ascending; -1: the test part."""
        return np.flatnonzero(self.test if fold == TEST else self.fold == fold)

    def training_rows(self, fold: int) -> NDArray[np.int64]:
        """Rows learned from while this fold is judged, ascending; -1: the test part."""
        rows = np.flatnonzero(self.learned & (self.always | (fold == TEST) | (self.fold != fold)))
        return np.setdiff1d(rows, self.left_out.get(fold, np.empty(0, np.int64)))

    def left_out_among(self, rows: NDArray[np.int64]) -> dict[int, NDArray[np.int64]]:
        """For each round, who is left out, as positions among some rows; whoever is not among them is passed over."""
        place = np.full(len(self.fold), -1, np.int64)
        place[rows] = np.arange(len(rows))
        return {fold: place[some][place[some] >= 0] for fold, some in self.left_out.items()}

    def to_json(self) -> dict[str, Any]:
        """Everything, as plain lists, numbers and strings."""
        return {
            "format": FORMAT,
            "method": self.method,
            "reason": self.reason,
            "held": list(self.held),
            "unjudged": list(self.unjudged),
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
        """The split that `to_json` wrote.

        Raises:
            DataError: it is of a newer format, or something is missing or of the wrong kind.
        """
        if data.get("format") != FORMAT:
            raise DataError(
                f"This split is of format {data.get('format')!r}, and {FORMAT} is what can be read.",
                hint="Update discern, or split again.",
            )
        try:
            return cls._read(data)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise DataError(f"This split is incomplete: {error!r}.", hint="Split again.") from error

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
            held=tuple(data["held"]),
            left_out={int(key): np.array(rows, np.int64) for key, rows in data["left_out"].items()},
            part=np.array(data["part"], "<U10"),
            unjudged=tuple(data["unjudged"]),
            leaks=data["leaks"],
            proof=data["proof"],
        )


def _mask(rows: list[int], length: int) -> NDArray[np.bool_]:
    mask = np.zeros(length, np.bool_)
    mask[rows] = True
    return mask
