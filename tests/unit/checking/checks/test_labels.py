"""Checks by out-of-fold predictions: label errors and outliers."""

import numpy as np
import pytest

from tests.unit.checking.conftest import predictions_of

CLASSES = ("cat", "cow", "dog")
TRUTH = np.repeat([0, 1, 2], 60)


def true_class(truth: np.ndarray = TRUTH, *, right: float = 0.98) -> np.ndarray:
    """Probabilities [N, 3] with `right` for the true class."""
    probabilities = np.full((len(truth), 3), (1 - right) / 2)
    probabilities[np.arange(len(truth)), truth] = right
    return probabilities


def names(labels: np.ndarray) -> list[str]:
    return [CLASSES[label] for label in labels.tolist()]


@pytest.fixture
def labels():
    labels = TRUTH.copy()
    labels[[5, 70, 130]] = [2, 0, 1]
    return labels


class TestLikelyWrongLabels:
    def test_each_is_proposed_for_relabelling(self, find, labels):
        findings = find("likely_wrong_label", names(labels), predictions=predictions_of(true_class()))
        found = {finding.rows: (finding.action, finding.value) for finding in findings}
        assert found == {(5,): ("relabel", "cat"), (70,): ("relabel", "cow"), (130,): ("relabel", "dog")}
        why = next(finding.why for finding in findings if finding.rows == (5,))
        assert "labelled 'dog'" in why
        assert "98% against 1%" in why

    def test_correct_labels_have_no_finding(self, find):
        assert find("likely_wrong_label", names(TRUTH), predictions=predictions_of(true_class())) == []

    def test_a_hard_picture_has_no_finding(self, find):
        probabilities = true_class(right=0.7)
        probabilities[5] = [0.3, 0.2, 0.5]
        assert find("likely_wrong_label", names(TRUTH), predictions=predictions_of(probabilities)) == []

    def test_a_label_conflict_is_not_repeated(self, find, labels):
        edges = [(5, 6, "exact", 1.0)]
        findings = find("likely_wrong_label", names(labels), predictions=predictions_of(true_class()), edges=edges)
        assert [finding.rows for finding in findings] == [(70,), (130,)]

    def test_an_outlier_is_not_relabelled(self, find, labels):
        score = np.random.default_rng(0).normal(0, 1, 180)
        score[70] = 12
        predictions = predictions_of(true_class(), score)
        findings = find("likely_wrong_label", names(labels), predictions=predictions)
        assert [finding.rows for finding in findings] == [(130,), (5,)]

    def test_classes_of_few_groups_are_neither_checked_nor_proposed(self, find, labels):
        group = np.arange(180)
        group[60:120] = 60 + np.arange(60) // 20
        findings = find("likely_wrong_label", names(labels), predictions=predictions_of(true_class()), group=group)
        assert [(finding.rows, finding.value) for finding in findings] == [((5,), "cat")]

    def test_without_predictions_nothing_is_found(self, find, labels):
        assert find("likely_wrong_label", names(labels)) == []
        missing = predictions_of(np.full((180, 3), np.nan))
        assert find("likely_wrong_label", names(labels), predictions=missing) == []

    def test_pictures_without_predictions_are_left_out(self, find, labels):
        probabilities = true_class()
        probabilities[5] = np.nan
        findings = find("likely_wrong_label", names(labels), predictions=predictions_of(probabilities))
        assert [finding.rows for finding in findings] == [(70,), (130,)]

    def test_pictures_without_a_label_have_no_finding(self, find):
        given = [*names(TRUTH)[:-1], None]
        assert find("likely_wrong_label", given, predictions=predictions_of(true_class())) == []


class TestOutliers:
    def test_they_are_found_and_kept_for_a_person_to_decide(self, find):
        score = np.random.default_rng(0).normal(0, 1, 180)
        score[[9, 99]] = [9, 12]
        first, second = find("odd_one_out", names(TRUTH), predictions=predictions_of(true_class(right=0.4), score))
        assert (first.rows, second.rows) == ((9,), (99,))
        assert {first.action, second.action} == {"keep"}
        assert 0.5 < first.score < second.score == 1
        assert "rest of 'cat'" in first.why

    def test_a_class_of_few_groups_has_none(self, find):
        score = np.random.default_rng(0).normal(0, 1, 180)
        score[[9, 99]] = [9, 12]
        group = np.where(np.arange(180) < 60, np.arange(180) // 20, np.arange(180))
        predictions = predictions_of(true_class(right=0.4), score)
        found = find("odd_one_out", names(TRUTH), predictions=predictions, group=group)
        assert [finding.rows for finding in found] == [(99,)]

    def test_without_predictions_nothing_is_found(self, find):
        assert find("odd_one_out", names(TRUTH)) == []
