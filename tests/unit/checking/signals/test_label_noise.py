"""Label errors: confident learning and the noise model."""

import numpy as np
import pytest

from discern.checking.signals.label_noise import confident_class, find_label_issues, fit_noise_model


def calibrated(count: int, classes: int, *, scale: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Calibrated probabilities [count, classes], and labels drawn from them."""
    random = np.random.default_rng(seed)
    logits = random.gumbel(size=(count, classes)) * scale
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    drawn = (probabilities.cumsum(axis=1) < random.random((count, 1))).sum(axis=1)
    return probabilities, np.minimum(drawn, classes - 1)


def softened(probabilities: np.ndarray, power: float) -> np.ndarray:
    """Probabilities as of heads fitted on noisy labels."""
    powers = probabilities**power
    return powers / powers.sum(axis=1, keepdims=True)


def with_errors(labels: np.ndarray, classes: int, share: float, *, pair: tuple[int, int] | None = None):
    """Labels with a share of errors, uniform or from one class to another, and the rows of the errors."""
    random = np.random.default_rng(1)
    candidates = np.arange(len(labels)) if pair is None else np.flatnonzero(labels == pair[0])
    rows = random.permutation(candidates)[: round(share * len(labels))]
    wrong = labels.copy()
    wrong[rows] = (labels[rows] + random.integers(1, classes, len(rows))) % classes if pair is None else pair[1]
    return wrong, rows


class TestConfidentClass:
    def test_thresholds_are_the_mean_over_the_label(self):
        probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.85, 0.15], [0.2, 0.8], [0.5, 0.5]])
        labels = np.array([0, 0, 1, 1, 1])
        # Thresholds are .8 and .4833.
        assert confident_class(probabilities, labels).tolist() == [0, -1, 0, 1, 1]

    def test_the_most_probable_of_several_counts(self):
        probabilities = np.array([[0.5, 0.4, 0.1], [0.4, 0.5, 0.1], [0.1, 0.1, 0.8]])
        assert confident_class(probabilities, np.array([1, 0, 2])).tolist() == [0, 1, 2]

    def test_a_class_without_pictures_is_never_confident(self):
        probabilities = np.array([[0.6, 0.1, 0.3], [0.1, 0.2, 0.7]])
        assert confident_class(probabilities, np.array([0, 0])).tolist() == [0, -1]


class TestNoise:
    @pytest.mark.parametrize("scale", [1.5, 3.0, 6.0])
    def test_hard_pictures_are_not_noise(self, scale):
        noise = fit_noise_model(*calibrated(1000, 5, scale=scale))
        assert noise.chance == 0
        assert not noise.pairs.any()

    def test_uniform_noise_is_estimated(self):
        probabilities, labels = calibrated(2000, 6, scale=6)
        noisy, _ = with_errors(labels, 6, 0.08)
        noise = fit_noise_model(softened(probabilities, 0.5), noisy)
        assert noise.chance + noise.pairs.sum(axis=1).mean() == pytest.approx(0.08, abs=0.03)

    def test_noise_between_two_classes_is_located(self):
        probabilities, labels = calibrated(2000, 6, scale=6)
        noisy, _ = with_errors(labels, 6, 0.04, pair=(2, 4))
        noise = fit_noise_model(softened(probabilities, 0.5), noisy)
        assert np.unravel_index(noise.pairs.argmax(), (6, 6)) == (2, 4)
        assert noise.pairs[2, 4] > 0.1


class TestLabelIssues:
    def test_clean_labels_have_few_issues(self):
        issues = find_label_issues(*calibrated(2000, 6, scale=5))
        assert (issues.wrong > 0.5).sum() == 0
        assert (issues.proposed >= 0).sum() < 200

    def test_wrong_labels_are_found_and_the_right_class_is_proposed(self):
        probabilities, labels = calibrated(2000, 6, scale=8)
        noisy, rows = with_errors(labels, 6, 0.05)
        issues = find_label_issues(softened(probabilities, 0.5), noisy)
        found = np.flatnonzero(issues.wrong > 0.7)
        assert np.isin(found, rows).mean() > 0.8
        assert np.isin(rows, found).mean() > 0.6
        both = np.intersect1d(found, rows)
        assert (issues.proposed[both] == labels[both]).mean() > 0.9

    def test_the_margin_is_of_the_best_other_class(self):
        issues = find_label_issues(np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]), np.array([0, 1]))
        assert issues.margin.tolist() == pytest.approx([-0.5, 0.3])
        assert (issues.proposed != np.array([0, 1])).all()

    def test_certain_and_impossible_answers_are_borne(self):
        labels = np.array([0, 1] * 10)
        issues = find_label_issues(np.eye(2)[1 - labels], labels)
        assert np.isfinite(issues.wrong).all()
        assert ((issues.wrong >= 0) & (issues.wrong <= 1)).all()

    def test_the_noise_of_many_pictures_is_fitted_on_a_sample(self):
        probabilities, labels = calibrated(30_000, 3, scale=8)
        noisy, rows = with_errors(labels, 3, 0.05)
        issues = find_label_issues(softened(probabilities, 0.5), noisy)
        assert len(issues.wrong) == 30_000
        assert np.isin(rows, np.flatnonzero(issues.wrong > 0.7)).mean() > 0.5
