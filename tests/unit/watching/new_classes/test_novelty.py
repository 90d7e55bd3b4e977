"""A cluster is new if the reference has few pictures like it, or if its unknown scores are high."""

import numpy as np
import pytest

from discern.bundle.reference_pictures import ReferencePictures
from discern.watching.new_classes.novelty import NoveltyTest, TrafficPictures
from tests.unit.watching.new_classes.made_up_classes import alike, high_scores, known, make_reference

NEW = np.arange(100, 120)


def make_test(
    reference: ReferencePictures, cluster: np.ndarray, *, high: float = 0.1, label: int = 0, others_high: float = 0.1
) -> NoveltyTest:
    """Make the test of 100 known pictures, followed by a cluster of 20."""
    embedding, labels = known(100)
    return NoveltyTest(
        TrafficPictures(
            embedding=np.concatenate([embedding, cluster]),
            label=np.append(labels, np.full(20, label)),
            unknown_score=np.append(high_scores(100, others_high), high_scores(20, high)),
        ),
        reference,
    )


def test_pictures_that_the_reference_lacks_are_new_even_if_all_are_accepted() -> None:
    assert make_test(make_reference(), alike(20, 3), high=0).test(NEW) < 1e-6


def test_pictures_like_the_reference_are_not_new() -> None:
    test = make_test(make_reference(), alike(20, 0, seed=5))
    assert test.test(NEW) == 1.0
    assert test.test(np.arange(0, 100, 2)) == 1.0


def test_more_pictures_of_a_known_class_are_not_new() -> None:
    embedding = np.concatenate([known(40)[0], alike(160, 0, seed=5)])
    label = np.append(known(40)[1], np.zeros(160, int))
    pictures = TrafficPictures(embedding=embedding, label=label, unknown_score=np.zeros(200))
    assert NoveltyTest(pictures, make_reference()).test(np.arange(40, 200)) > 0.01


def test_high_unknown_scores_are_evidence() -> None:
    few, many = (make_test(make_reference(), alike(20, 3), high=high).test(NEW) for high in (0.2, 0.9))
    assert many < 1e-3 * few


def test_high_unknown_scores_are_no_evidence_where_all_of_the_traffic_has_them() -> None:
    reference = make_reference(has_space=False)
    assert make_test(reference, alike(20, 3), high=0.9).test(NEW) < 1e-5
    assert make_test(reference, alike(20, 3), high=0.9, others_high=0.9).test(NEW) > 0.1


def test_a_few_more_unknown_pictures_are_those_of_a_rare_kind() -> None:
    assert make_test(make_reference(has_space=False), alike(20, 3), high=0.3).test(NEW) > 0.1


def test_a_label_that_the_model_lacks_is_taken() -> None:
    assert 0 <= make_test(make_reference(), alike(20, 3), label=-1).test(NEW) <= 1


def test_undefined_scores_leave_the_comparison_with_the_reference() -> None:
    reference = make_reference()
    reference.signals[:, 0] = np.nan
    assert make_test(reference, alike(20, 3), high=1).test(NEW) == pytest.approx(
        make_test(make_reference(), alike(20, 3), high=0).test(NEW)
    )


def test_it_is_calibrated_on_traffic_like_the_reference() -> None:
    values = []
    for seed in range(60):
        embedding, label = known(120, seed=20 + seed)
        pictures = TrafficPictures(embedding=embedding, label=label, unknown_score=np.zeros(120))
        rows = np.random.default_rng(seed).choice(np.flatnonzero(label == 0), 15, replace=False)
        values.append(NoveltyTest(pictures, make_reference()).test(rows))
    assert np.mean(np.array(values) < 0.05) <= 0.1
