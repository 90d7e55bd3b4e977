"""Batches: their order and content follow from seed and epoch, however many threads prepare them."""

import numpy as np
import pytest

from discern.training.methods.loop.torch_augmentation import Augmentation
from discern.training.methods.loop.torch_batches import Batches
from discern.training.methods.loop.torch_pictures import ReducedPictures

COUNT, SIDE = 30, 8
ROWS = np.arange(4, 27)


def drawn(**options: object) -> Batches:
    random = np.random.default_rng(0)
    pictures = ReducedPictures(
        sums=random.integers(0, 255, (COUNT, SIDE, SIDE, 3)).astype(np.uint16),
        factor=1,
        seeds=random.integers(0, 2**63, COUNT).astype(np.uint64),
    )
    settings = {"balance": "none", "seed": 3, "augmentation": Augmentation(), "count": 5} | options
    return Batches(pictures=pictures, rows=ROWS, labels=ROWS % 5 == 0, **settings)  # type: ignore[arg-type]


def test_an_epoch_has_each_picture_once_in_batches_of_nearly_one_size() -> None:
    order = drawn().order(0)
    assert sorted(np.concatenate(order)) == ROWS.tolist()
    assert {len(rows) for rows in order} == {4, 5}


def test_the_order_follows_from_seed_and_epoch() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return list(np.concatenate(drawn(seed=seed).order(epoch)))

    assert order(3, 1) == order(3, 1)
    assert order(3, 1) != order(3, 2)
    assert order(3, 1) != order(4, 1)


def test_balanced_sampling_draws_both_labels_alike() -> None:
    rows = np.concatenate(drawn(balance="sampling").order(0))
    assert len(rows) == len(ROWS)
    assert abs(2 * (rows % 5 == 0).sum() - len(rows)) <= 1


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_threads_prepare_the_same_pictures_in_the_same_order(workers: int) -> None:
    alone, shared = drawn(), drawn(workers=workers)
    for one, other in zip(alone.load(alone.order(2), 2), shared.load(shared.order(2), 2), strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_epoch_can_start_at_any_batch() -> None:
    batches = drawn(workers=2)
    order = batches.order(1)
    whole = list(batches.load(order, 1))
    rest = list(batches.load(order[3:], 1))
    assert len(rest) == 2
    for one, other in zip(whole[3:], rest, strict=True):
        np.testing.assert_array_equal(one, other)


def test_pictures_differ_from_epoch_to_epoch() -> None:
    batches = drawn()
    order = batches.order(0)
    assert not np.array_equal(next(batches.load(order, 0)), next(batches.load(order, 1)))


def test_a_loop_that_ends_early_ends_its_threads() -> None:
    batches = drawn(workers=2)
    loaded = batches.load(batches.order(0), 0)
    next(loaded)
    loaded.close()
    assert list(loaded) == []
