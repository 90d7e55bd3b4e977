"""Parts are drawn over groups without regard to their sizes."""

import numpy as np
import pytest

from discern.splitting.group_counts import GroupCounts
from discern.splitting.random_parts import draw_parts

DRAWS = 400


def make_rows(sizes, classes=2):
    """Return labels and groups of rows; every class has groups of these sizes."""
    return np.repeat(np.arange(classes), sum(sizes)), np.repeat(np.arange(classes * len(sizes)), [*sizes] * classes)


def draws(labels, groups, shares):
    counts = GroupCounts.of(labels, groups)
    return np.stack([draw_parts(counts, np.array(shares), seed=seed) for seed in range(DRAWS)])


def assert_frequency(found, share, trials):
    """Assert that an event is as frequent as expected, within five standard errors."""
    assert abs(np.mean(found) - share) < 5 * np.sqrt(share * (1 - share) / trials)


@pytest.mark.parametrize("sizes", [[1, 2, 3, 40] * 5, [60, *[1] * 30], (60 / np.arange(1, 31)).astype(int).tolist()])
@pytest.mark.parametrize("shares", [(0.9, 0.1), (0.7, 0.2, 0.1), (0.5, 0.5)])
def test_large_groups_are_drawn_as_often_as_small_ones(sizes, shares):
    part = draws(*make_rows(sizes), shares)
    large = np.array(sizes * 2) == max(sizes)
    for number, share in enumerate(shares):
        assert_frequency(part[:, large] == number, share, DRAWS)
        assert_frequency(part[:, ~large] == number, share, DRAWS)


def test_groups_of_a_class_with_too_few_are_drawn_alike():
    part = draws(*make_rows([30, 10, 3]), (0.9, 0.1))
    test = part.reshape(DRAWS * 2, 3) == 1
    assert (test.any(axis=1) & ~test.all(axis=1)).all()
    for group in range(3):
        assert_frequency(test[:, group], test.sum() / test.size, DRAWS)


def test_shares_of_pictures_are_kept_on_average_and_within_one_group():
    sizes = [1, 2, 3, 40] * 5
    part = draws(*make_rows(sizes), (0.8, 0.2))
    pictures = ((part == 1) * np.array(sizes * 2)).reshape(DRAWS * 2, -1).sum(axis=1)
    assert np.abs(pictures - 0.2 * sum(sizes)).max() <= 40
    assert abs(pictures.mean() / sum(sizes) - 0.2) < 0.01


def test_a_group_of_several_classes_counts_for_all_of_them():
    labels = np.array([*[0] * 50, *[1] * 40, *[0] * 10])
    groups = np.array([*range(50), *range(100, 140), *range(100, 110)])
    for part in draws(labels, groups, (0.5, 0.5)):
        of_row = part[GroupCounts.of(labels, groups).group_of_row]
        assert abs(np.mean(of_row[labels == 1]) - 0.5) < 0.03
        assert abs(np.mean(of_row[labels == 0]) - 0.5) < 0.03


def test_a_part_without_a_share_stays_empty():
    assert set(np.unique(draws(*make_rows([2] * 9), (0.5, 0.0, 0.5)))) == {0, 2}


def test_seeds_give_other_parts_and_the_same_seed_the_same():
    counts = GroupCounts.of(*make_rows([1, 5, 9, 2, 30]))
    one, same, other = (draw_parts(counts, np.array([0.6, 0.4]), seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
