"""Augmentation: a function of seed, epoch and content, of a bounded strength, and never upside down."""

import numpy as np
import pytest

from discern.errors import UsageError
from discern.training.methods.loop.torch_augmentation import LEVELS, LIGHT, NONE, STRONG, Augmentation

SIDE = 24


def drawn(count: int = 6) -> np.ndarray:
    """Pictures of a few smooth blotches."""
    random = np.random.default_rng(0)
    coarse = random.random((count, 6, 6, 3)).astype(np.float32)
    return np.kron(coarse, np.ones((1, SIDE // 6, SIDE // 6, 1), np.float32))


def contents(count: int = 6) -> np.ndarray:
    """Seeds as large as those that are taken from hashes."""
    return np.arange(count, dtype=np.uint64) + np.uint64(2**63)


@pytest.fixture(params=[LIGHT, STRONG])
def level(request: pytest.FixtureRequest) -> str:
    if request.param == STRONG:
        pytest.importorskip("torchvision", reason="PyTorch is optional")
    return str(request.param)


def test_the_same_picture_gets_the_same_change_in_any_order_and_batch(level: str) -> None:
    augmentation, pictures, keys = Augmentation(level=level), drawn(), contents()
    together = augmentation.apply(pictures, keys, seed=3, epoch=7)
    order = np.array([4, 0, 5, 2, 1, 3])
    shuffled = augmentation.apply(pictures[order], keys[order], seed=3, epoch=7)
    np.testing.assert_array_equal(shuffled, together[order])
    for place in range(len(pictures)):
        alone = augmentation.apply(pictures[[place]], keys[[place]], seed=3, epoch=7)
        np.testing.assert_array_equal(alone[0], together[place])


def test_seed_epoch_and_content_each_change_it(level: str) -> None:
    augmentation = Augmentation(level=level)
    same, keys = np.repeat(drawn(1), 2, axis=0), contents(2)
    first = augmentation.apply(same, keys, seed=3, epoch=7)
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first, augmentation.apply(same, keys, seed=4, epoch=7))
    assert not np.array_equal(first, augmentation.apply(same, keys, seed=3, epoch=8))


def test_the_global_generators_neither_matter_nor_move(level: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is optional")
    augmentation, pictures, keys = Augmentation(level=level), drawn(), contents()
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = augmentation.apply(pictures, keys, seed=0, epoch=0)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    np.testing.assert_array_equal(augmentation.apply(pictures, keys, seed=0, epoch=0), first)


def test_the_pictures_that_are_given_stay_as_they_are(level: str) -> None:
    pictures = drawn()
    before = pictures.copy()
    changed = Augmentation(level=level).apply(pictures, contents(), seed=0, epoch=0)
    np.testing.assert_array_equal(pictures, before)
    assert (changed.dtype, changed.shape) == (np.float32, pictures.shape)
    assert not np.shares_memory(changed, pictures)


def test_without_augmentation_nothing_changes() -> None:
    pictures = drawn()
    np.testing.assert_array_equal(Augmentation(level=NONE).apply(pictures, contents(), seed=0, epoch=0), pictures)


def test_an_unknown_level_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="heavy") as caught:
        Augmentation(level="heavy")
    assert all(level in caught.value.hint for level in LEVELS)


def halves(*, axis: int, count: int = 40) -> np.ndarray:
    """Pictures that are bright in the first half of an axis, to see on which side it ends."""
    picture = np.full((1, SIDE, SIDE, 3), 0.3, np.float32)
    picture[(slice(None), *[slice(None)] * axis, slice(0, SIDE // 2))] = 0.7
    return np.repeat(picture, count, axis=0)


def brighter_first(pictures: np.ndarray, *, axis: int) -> np.ndarray:
    """Whether each picture is brighter at the start of the axis than at its end."""
    line = pictures.mean(axis=(2, 3) if axis == 0 else (1, 3))
    return line[:, : SIDE // 4].mean(axis=1) > line[:, -SIDE // 4 :].mean(axis=1)


def test_about_half_of_the_pictures_are_mirrored_and_none_on_request(level: str) -> None:
    pictures, keys = halves(axis=1), contents(40)
    mirrored = ~brighter_first(Augmentation(level=level).apply(pictures, keys, seed=1, epoch=0), axis=1)
    assert 10 <= mirrored.sum() <= 30
    kept = Augmentation(level=level, mirror=False).apply(pictures, keys, seed=1, epoch=0)
    assert brighter_first(kept, axis=1).all()


def test_no_picture_is_turned_upside_down(level: str) -> None:
    changed = Augmentation(level=level).apply(halves(axis=0), contents(40), seed=1, epoch=0)
    assert brighter_first(changed, axis=0).all()


def test_without_mirroring_the_other_changes_are_the_same(level: str) -> None:
    symmetric = halves(axis=0)
    first, second = (
        Augmentation(level=level, mirror=mirror).apply(symmetric, contents(40), seed=1, epoch=0)
        for mirror in (True, False)
    )
    same = [np.allclose(one, other, atol=1e-5) for one, other in zip(first, second, strict=True)]
    assert sum(same) >= 10, "those that are not mirrored have the same shift, crop and colours"


def test_a_change_keeps_the_hue_and_stays_near_the_picture(level: str) -> None:
    red = np.zeros((20, SIDE, SIDE, 3), np.float32) + np.array([0.6, 0.2, 0.2], np.float32)
    changed = Augmentation(level=level).apply(red, contents(20), seed=1, epoch=0)
    assert (changed[..., 0] > changed[..., 1]).all()
    np.testing.assert_allclose(changed[..., 1], changed[..., 2], atol=1e-5)
    assert np.abs(changed.mean(axis=(1, 2, 3)) - red.mean()).max() < 0.3


def test_strong_changes_more_than_light() -> None:
    pytest.importorskip("torchvision", reason="PyTorch is optional")
    pictures, keys = drawn(), contents()
    light, strong = (
        np.abs(Augmentation(level=level, mirror=False).apply(pictures, keys, seed=2, epoch=0) - pictures).mean()
        for level in (LIGHT, STRONG)
    )
    assert strong > light > 0


@pytest.mark.parametrize("side", [1, 2, 3, 8])
def test_the_smallest_pictures_can_be_changed(side: int, level: str) -> None:
    pictures = np.full((2, side, side, 3), 0.5, np.float32)
    assert np.isfinite(Augmentation(level=level).apply(pictures, contents(2), seed=0, epoch=0)).all()
