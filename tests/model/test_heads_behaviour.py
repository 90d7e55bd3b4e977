"""Heads on digits and synthetic data with known labels."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from discern.bundle.prediction_sets import median_label
from discern.heads import HeadConfig, HeadFitter

BLOCKS = {"head": (0, 64), "stage7": (64, 192)}
FOLDS = 5


def embed(pictures: np.ndarray) -> np.ndarray:
    """Stand-in for a backbone: pixels, and a fixed random layer of them."""
    generator = np.random.default_rng(0)
    pixels = pictures.reshape(len(pictures), -1) / 16
    hidden = np.maximum(pixels @ generator.standard_normal((64, 128)) / 8, 0)
    return np.concatenate([pixels + 0.01, hidden], axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def digits():
    data = load_digits()
    rows = np.random.default_rng(0).permutation(len(data.target))[:600]
    return embed(data.images[rows]), data.target[rows], np.arange(600) % FOLDS


@pytest.fixture(scope="module")
def crossed(digits):
    features, labels, fold = digits
    return HeadFitter(features, labels, fold, classes=10, blocks=BLOCKS).cross_fit()


def log_loss(probabilities: np.ndarray, labels: np.ndarray) -> float:
    return float(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-9)).mean())


def test_digits_are_classified(digits, crossed):
    assert (crossed.probabilities.argmax(axis=1) == digits[1]).mean() > 0.93


@pytest.mark.slow
def test_it_is_as_accurate_as_a_plain_logistic_regression(digits, crossed):
    features, labels, fold = digits
    plain = np.zeros(len(labels), int)
    for number in range(FOLDS):
        test = fold == number
        reference = LogisticRegression(max_iter=1000).fit(features[~test, :64], labels[~test])
        plain[test] = reference.predict(features[test, :64])
    assert (crossed.probabilities.argmax(axis=1) == labels).mean() >= (plain == labels).mean()


def test_the_temperature_improves_the_log_loss(digits, crossed):
    assert log_loss(crossed.probabilities, digits[1]) <= log_loss(crossed.uncalibrated, digits[1]) + 1e-3


def test_confidence_equals_accuracy(digits, crossed):
    correct = crossed.probabilities.argmax(axis=1) == digits[1]
    confidence = crossed.probabilities.max(axis=1)
    assert abs(correct.mean() - confidence.mean()) < 0.03
    high = confidence > np.median(confidence)
    assert correct[high].mean() > correct[~high].mean()


def test_about_as_many_known_pictures_are_accepted_as_configured(digits, crossed):
    accepted = (crossed.unknown_score <= crossed.t_unknown).mean()
    assert 0.92 < accepted < 0.99


def test_held_out_digits_and_noise_have_large_unknown_scores(digits):
    features, labels, fold = digits
    known = labels < 7
    fitted = HeadFitter(features[known], labels[known], fold[known], classes=7, blocks=BLOCKS)
    crossed, final = fitted.cross_fit(), fitted.fit()
    noise = embed(np.random.default_rng(1).uniform(0, 16, (100, 8, 8)))
    for unknown, least in ((features[~known], 0.85), (noise, 0.98)):
        scores = np.concatenate([crossed.unknown_score, final.unknown_score(unknown)])
        truth = np.repeat([0, 1], [known.sum(), len(unknown)])
        assert roc_auc_score(truth, scores) > least


def test_shuffled_labels_give_chance_accuracy(digits):
    features, labels, fold = digits
    shuffled = np.random.default_rng(0).permutation(labels)
    crossed = HeadFitter(features, shuffled, fold, classes=10, blocks=BLOCKS).cross_fit()
    assert (crossed.probabilities.argmax(axis=1) == shuffled).mean() < 0.2
    assert log_loss(crossed.probabilities, shuffled) < np.log(10) + 0.05


def test_the_scale_of_the_embedding_does_not_matter(digits):
    features, labels, fold = digits
    fitted = HeadFitter(features, labels, fold, classes=10, blocks=BLOCKS).fit()
    np.testing.assert_allclose(fitted.probabilities(features * 3), fitted.probabilities(features), atol=1e-4)


def test_ordinal_heads_have_a_smaller_error():
    """A noisy gauge with eight levels, whose differences are alike all along the scale."""
    generator = np.random.default_rng(0)
    level = generator.integers(0, 8, 400)
    pictures = generator.uniform(0, 32, (400, 8, 8))
    for picture, lit in zip(pictures, level, strict=True):
        picture[:lit] += 6
    features, fold = embed(pictures), np.arange(400) % FOLDS
    nominal, ordered = (
        HeadFitter(
            features, level, fold, classes=8, blocks=BLOCKS, config=HeadConfig(ordered=each), score_unknown=False
        )
        for each in (False, True)
    )
    plain = np.abs(nominal.cross_probabilities().argmax(axis=1) - level).mean()
    assert np.abs(median_label(ordered.cross_probabilities()) - level).mean() < plain
    assert plain < np.abs(np.median(level) - level).mean()
