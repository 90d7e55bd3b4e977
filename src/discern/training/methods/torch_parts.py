"""Pictures of one fit of a network: those that it trains on, and those that judge it."""

from dataclasses import dataclass

import numpy as np

from discern.errors import DataError
from discern.splitting import Split
from discern.splitting.folds import assign_folds

_HELD_OUT, _MOST_HELD_OUT = 0.2, 0.3  # of the training rows, not tuned: a fold of five, and of somewhat fewer
_NO_ROWS = np.zeros(0, np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class FitParts:
    """Catalog rows of one fit; no group is in two parts.

    Attributes:
        train: int, rows to train on.
        stop: int, rows that choose the epoch.
        fresh: int, rows that do neither; the temperature is fitted on them.
    """

    train: np.ndarray
    stop: np.ndarray
    fresh: np.ndarray

    @property
    def unseen(self) -> np.ndarray:
        """Return the rows that are not trained on, those that choose the epoch first."""
        return np.concatenate([self.stop, self.fresh])

    def require_enough(self, labels: np.ndarray) -> None:
        """Raise DataError if there is one label to train on, or no picture to choose the epoch by.

        Args:
            labels: int `[N]`, label of each picture of the catalog.
        """
        if not len(self.stop):
            reason = "No pictures are left to choose the epoch by"
        elif len(np.unique(labels[self.train])) < 2:
            reason = "The pictures left to train on have one label"
        else:
            return
        raise DataError(
            f"{reason}: a network also needs groups that it does not train on.",
            hint="Add pictures of other scenes, or use --method probe.",
        )

    @property
    def all_rows(self) -> np.ndarray:
        """Return all rows in ascending order."""
        return np.sort(np.concatenate([self.train, self.unseen]))


def hold_out(split: Split, labels: np.ndarray, round_: int, *, seed: int) -> FitParts:
    """Divide the training rows of a round: a fold is held out, and its groups choose the epoch or stay fresh.

    Of a fold that is large, as of two or three, only some groups are held out.

    Args:
        split: the split.
        labels: int `[N]`, label of each picture of the catalog.
        round_: a held-out fold, or -1 for the test part.
        seed: random seed.
    """
    rows = split.training_rows(round_)
    others = [number for number in split.held_out if number != round_]
    number = next((each for each in others if each > round_), others[0] if others else None)
    in_fold = np.ones(len(rows), bool) if number is None else split.fold[rows] == number
    unseen = _draw(rows[in_fold], labels, split, of=len(rows), seed=seed)
    left_out = _NO_ROWS if number is None else split.left_out.get(number, _NO_ROWS)
    train = np.setdiff1d(np.setdiff1d(rows, unseen), left_out)
    half = assign_folds(labels[unseen], split.group[unseen], (1.0, 1.0), seed=seed)
    stop, fresh = unseen[half == 0], unseen[half == 1]
    if not len(stop):
        stop, fresh = fresh, stop
    return FitParts(train=train, stop=stop, fresh=fresh)


def _draw(rows: np.ndarray, labels: np.ndarray, split: Split, *, of: int, seed: int) -> np.ndarray:
    """Return the rows, or the rows of some of their groups if they are too many of the training rows."""
    if len(rows) <= _MOST_HELD_OUT * of:
        return rows
    share = _HELD_OUT * of / len(rows)
    drawn = assign_folds(labels[rows], split.group[rows], (share, 1 - share), seed=seed)
    return np.asarray(rows[drawn == 0])
