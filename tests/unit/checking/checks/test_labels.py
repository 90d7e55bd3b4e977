import numpy as np
import pytest

from tests.unit.checking.conftest import opinions_of

CLASSES = ("cat", "cow", "dog")
TRUTH = np.repeat([0, 1, 2], 60)


def sure(truth: np.ndarray = TRUTH, *, right: float = 0.98) -> np.ndarray:
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
        findings = find("likely_wrong_label", names(labels), opinions=opinions_of(sure()))
        told = {finding.rows: (finding.action, finding.value) for finding in findings}
        assert told == {(5,): ("relabel", "cat"), (70,): ("relabel", "cow"), (130,): ("relabel", "dog")}
        why = next(finding.why for finding in findings if finding.rows == (5,))
        assert "labelled 'dog'" in why
        assert "98% against 1%" in why

    def test_right_labels_are_not_doubted(self, find):
        assert find("likely_wrong_label", names(TRUTH), opinions=opinions_of(sure())) == []

    def test_a_hard_picture_is_not_doubted(self, find):
        probabilities = sure(right=0.7)
        probabilities[5] = [0.3, 0.2, 0.5]
        assert find("likely_wrong_label", names(TRUTH), opinions=opinions_of(probabilities)) == []

    def test_a_picture_under_two_labels_is_told_as_that_alone(self, find, labels):
        edges = [(5, 6, "exact", 1.0)]
        findings = find("likely_wrong_label", names(labels), opinions=opinions_of(sure()), edges=edges)
        assert [finding.rows for finding in findings] == [(70,), (130,)]

    def test_what_is_unlike_everything_is_not_relabelled(self, find, labels):
        score = np.random.default_rng(0).normal(0, 1, 180)
        score[70] = 12
        opinions = opinions_of(sure(), score)
        findings = find("likely_wrong_label", names(labels), opinions=opinions)
        assert [finding.rows for finding in findings] == [(130,), (5,)]

    def test_classes_of_few_groups_are_neither_doubted_nor_proposed(self, find, labels):
        group = np.arange(180)
        group[60:120] = 60 + np.arange(60) // 20
        findings = find("likely_wrong_label", names(labels), opinions=opinions_of(sure()), group=group)
        assert [(finding.rows, finding.value) for finding in findings] == [((5,), "cat")]

    def test_without_opinions_nothing_is_said(self, find, labels):
        assert find("likely_wrong_label", names(labels)) == []
        unsaid = opinions_of(np.full((180, 3), np.nan))
        assert find("likely_wrong_label", names(labels), opinions=unsaid) == []

    def test_pictures_of_which_nothing_was_said_are_left_out(self, find, labels):
        probabilities = sure()
        probabilities[5] = np.nan
        findings = find("likely_wrong_label", names(labels), opinions=opinions_of(probabilities))
        assert [finding.rows for finding in findings] == [(70,), (130,)]

    def test_pictures_without_label_are_not_doubted(self, find):
        given = [*names(TRUTH)[:-1], None]
        assert find("likely_wrong_label", given, opinions=opinions_of(sure())) == []


class TestOddOnesOut:
    def test_they_are_told_and_a_person_decides(self, find):
        score = np.random.default_rng(0).normal(0, 1, 180)
        score[[9, 99]] = [9, 12]
        first, second = find("odd_one_out", names(TRUTH), opinions=opinions_of(sure(right=0.4), score))
        assert (first.rows, second.rows) == ((9,), (99,))
        assert {first.action, second.action} == {"keep"}
        assert 0.5 < first.score < second.score == 1
        assert "rest of 'cat'" in first.why

    def test_a_class_of_few_groups_has_none(self, find):
        score = np.random.default_rng(0).normal(0, 1, 180)
        score[[9, 99]] = [9, 12]
        group = np.where(np.arange(180) < 60, np.arange(180) // 20, np.arange(180))
        opinions = opinions_of(sure(right=0.4), score)
        found = find("odd_one_out", names(TRUTH), opinions=opinions, group=group)
        assert [finding.rows for finding in found] == [(99,)]

    def test_without_opinions_nothing_is_said(self, find):
        assert find("odd_one_out", names(TRUTH)) == []
