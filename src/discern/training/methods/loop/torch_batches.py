"""Batches of training pictures, augmented in the background, in an order that follows from seed and epoch."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from discern.parallel import ThreadExecutor, map_in_order
from discern.training.methods.loop.torch_augmentation import Augmentation
from discern.training.methods.loop.torch_balance import SAMPLING, draw_balanced
from discern.training.methods.loop.torch_pictures import Pictures


@dataclass(frozen=True, kw_only=True, eq=False)
class Batches:
    """Batches of the training pictures of a fit.

    Attributes:
        pictures: all pictures.
        rows: int, positions of the pictures to train on.
        labels: int, their labels.
        count: number of batches in an epoch.
        augmentation: change of each picture.
        balance: "sampling" draws as many pictures of each label; see `draw_balanced`.
        seed: random seed.
        workers: threads that prepare batches in advance; with 0 each is prepared when it is needed.
    """

    pictures: Pictures
    rows: np.ndarray
    labels: np.ndarray
    count: int
    augmentation: Augmentation
    balance: str
    seed: int
    workers: int = 0

    def order(self, epoch: int) -> list[np.ndarray]:
        """Return the positions of the pictures of each batch of an epoch."""
        random = np.random.default_rng([self.seed, epoch])
        drawn = draw_balanced(self.labels, random) if self.balance == SAMPLING else random.permutation(len(self.rows))
        return np.array_split(self.rows[drawn], self.count)

    def load(self, batches: list[np.ndarray], epoch: int) -> Generator[np.ndarray]:
        """Yield the augmented pictures of batches, float32 `[m, side, side, 3]`."""

        def prepare(rows: np.ndarray) -> np.ndarray:
            taken, contents = self.pictures.take(rows), self.pictures.seeds[rows]
            return self.augmentation.apply(taken, contents, seed=self.seed, epoch=epoch)

        if not self.workers:
            yield from map(prepare, batches)
            return
        with ThreadExecutor(self.workers) as executor:
            yield from map_in_order(prepare, batches, executor=executor, window=self.workers + 1)
