"""Candidates are clusters as narrow as a class, and near copies are counted once."""

import numpy as np
import pytest

from discern.watching.new_classes.candidate_clusters import FEWEST, distinct_rows, find_candidates
from tests.unit.watching.new_classes.made_up_classes import alike, centre, known, make_reference, scattered

SPREAD = make_reference().spread


def candidates(
    embedding: np.ndarray, *, label: np.ndarray | None = None, is_known: bool = False
) -> set[frozenset[int]]:
    label = np.zeros(len(embedding), int) if label is None else label
    found = find_candidates(embedding, label, np.full(len(embedding), is_known), spread=SPREAD)
    return {frozenset(rows.tolist()) for rows in found}


def test_a_class_is_a_candidate_as_a_whole_and_in_parts() -> None:
    narrow = centre(3) + 0.8 * (alike(30, 3) - centre(3))
    found = candidates(np.concatenate([scattered(20), narrow]))
    assert frozenset(range(20, 50)) in found
    assert len(found) > 3
    assert all(each <= set(range(20, 50)) and len(each) >= FEWEST for each in found)


def test_pictures_unlike_each_other_are_no_candidates() -> None:
    assert candidates(scattered(100)) == set()
    assert candidates(np.zeros((0, 48))) == set()


def test_components_that_vary_little_count_as_well() -> None:
    embedding, label = known(100)
    embedding, label = np.concatenate([embedding, alike(20, 0, seed=5)]), np.append(label, np.zeros(20, int))
    # The first class has a new kind that a weak component alone tells from it.
    weak = 1e-3 * np.random.default_rng(0).normal(size=(120, 300))
    weak[100:] += 5e-3
    whole = frozenset(range(100, 120))
    embedding = np.concatenate([embedding, weak], axis=1)
    rows = np.arange(120)
    found = find_candidates(embedding, label, rows < 100, spread=SPREAD)
    assert whole in {frozenset(each.tolist()) for each in found}
    assert whole not in candidates(embedding)


def test_pictures_that_differ_from_the_known_ones_alike_but_from_each_other_as_well_are_no_candidates() -> None:
    embedding, label = known(100)
    others = 1.2 * centre(0) + 0.7 * centre(2) + 0.14 * np.random.default_rng(0).normal(size=(30, 48))
    embedding, label = np.concatenate([embedding, others]), np.append(label, np.zeros(30, int))
    of_others = [
        max(sum(each >= 100) for each in find_candidates(embedding, label, np.arange(130) < 100, spread=spread))
        for spread in (SPREAD, 1.5 * SPREAD)
    ]
    assert of_others[0] == 0
    assert of_others[1] > 20


def test_near_copies_are_one_picture() -> None:
    film = alike(1, 3) + 1e-3 * np.random.default_rng(0).normal(size=(40, 48))
    rows = distinct_rows(np.concatenate([alike(10, 4), film]), SPREAD)
    assert rows.tolist() == list(range(11))


@pytest.mark.parametrize("count", [0, 1])
def test_few_pictures_are_distinct(count: int) -> None:
    assert distinct_rows(alike(count, 0), SPREAD).tolist() == list(range(count))


def test_embeddings_that_are_not_finite_or_zero_are_left_out() -> None:
    embedding = alike(10, 2)
    embedding[2], embedding[5, 3] = 0, np.nan
    assert distinct_rows(embedding, SPREAD).tolist() == [0, 1, 3, 4, 6, 7, 8, 9]
