"""Mixing of pictures: shares that match what is seen, and both ways, by the random numbers given."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is optional")

from discern.training.methods.loop.torch_mixing import Mixed, mix  # noqa: E402

SIDE = 16


def flat(count: int = 8) -> torch.Tensor:
    """Pictures of one grey each, so that shares can be read from them."""
    return torch.arange(count, dtype=torch.float32)[:, None, None, None].expand(count, SIDE, SIDE, 3).clone()


def mixes(count: int = 60) -> list[Mixed]:
    return [mix(flat(), np.random.default_rng(seed)) for seed in range(count)]


def is_pasted(mixed: Mixed) -> bool:
    """Whether each pixel is that of one of the two pictures."""
    return bool((mixed.pictures == mixed.pictures.round()).all())


def test_the_share_is_that_of_the_pixels() -> None:
    for each in mixes():
        assert 0 <= each.share <= 1
        expected = each.share * torch.arange(8.0) + (1 - each.share) * each.partner
        assert torch.allclose(each.pictures.mean(dim=(1, 2, 3)), expected, atol=1e-4)


def test_both_ways_occur_about_equally_often() -> None:
    assert 15 <= sum(is_pasted(each) for each in mixes()) <= 48


def test_partners_are_a_permutation() -> None:
    for each in mixes(5):
        assert sorted(each.partner.tolist()) == list(range(8))


def test_the_same_numbers_mix_the_same_way() -> None:
    first, second = mix(flat(), np.random.default_rng(3)), mix(flat(), np.random.default_rng(3))
    assert torch.equal(first.pictures, second.pictures)
    assert torch.equal(first.partner, second.partner)
    assert first.share == second.share


def test_the_pictures_that_are_given_stay_as_they_are() -> None:
    for seed in range(6):
        given = flat()
        mix(given, np.random.default_rng(seed))
        assert torch.equal(given, flat())


def test_all_pixels_are_pasted_over_at_times() -> None:
    pasted = [each.pictures != flat() for each in mixes(200) if is_pasted(each)]
    assert torch.stack([each.any(dim=0) for each in pasted]).any(dim=0).all()


@pytest.mark.parametrize("count", [1, 2])
def test_few_pictures_can_be_mixed(count: int) -> None:
    for seed in range(10):
        assert mix(flat(count), np.random.default_rng(seed)).pictures.shape == (count, SIDE, SIDE, 3)
