"""How heads behave on data whose truth is known."""

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
    """A made-up backbone: pixels, and two fixed random layers of them."""
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


def test_digits_are_told_apart(digits, crossed):
    assert (crossed.probabilities.argmax(axis=1) == digits[1]).mean() > 0.93


def test_it_is_no_worse_than_a_plain_logistic_regression(digits, crossed):
    features, labels, fold = digits
    plain = np.zeros(len(labels), int)
    for number in range(FOLDS):
        judged = fold == number
        peer = LogisticRegression(max_iter=1000).fit(features[~judged, :64], labels[~judged])
        plain[judged] = peer.predict(features[judged, :64])
    assert (crossed.probabilities.argmax(axis=1) == labels).mean() >= (plain == labels).mean()


def test_the_temperature_improves_the_log_loss(digits, crossed):
    assert log_loss(crossed.probabilities, digits[1]) <= log_loss(crossed.uncalibrated, digits[1]) + 1e-3


def test_sure_answers_are_mostly_right_and_unsure_ones_less(digits, crossed):
    right = crossed.probabilities.argmax(axis=1) == digits[1]
    confidence = crossed.probabilities.max(axis=1)
    assert abs(right.mean() - confidence.mean()) < 0.03
    sure = confidence > np.median(confidence)
    assert right[sure].mean() > right[~sure].mean()


def test_about_as_many_known_pictures_are_kept_as_was_promised(digits, crossed):
    kept = (crossed.unknown_score <= crossed.t_unknown).mean()
    assert 0.92 < kept < 0.99


def test_digits_that_were_never_shown_and_noise_are_strange(digits):
    features, labels, fold = digits
    shown = labels < 7
    fitted = HeadFitter(features[shown], labels[shown], fold[shown], classes=7, blocks=BLOCKS)
    crossed, final = fitted.cross_fit(), fitted.fit()
    noise = embed(np.random.default_rng(1).uniform(0, 16, (100, 8, 8)))
    for strangers, wanted in ((features[~shown], 0.85), (noise, 0.98)):
        scores = np.concatenate([crossed.unknown_score, final.unknown_score(strangers)])
        truth = np.repeat([0, 1], [shown.sum(), len(strangers)])
        assert roc_auc_score(truth, scores) > wanted


def test_shuffled_labels_teach_nothing(digits):
    features, labels, fold = digits
    shuffled = np.random.default_rng(0).permutation(labels)
    crossed = HeadFitter(features, shuffled, fold, classes=10, blocks=BLOCKS).cross_fit()
    assert (crossed.probabilities.argmax(axis=1) == shuffled).mean() < 0.2
    assert log_loss(crossed.probabilities, shuffled) < np.log(10) + 0.05


def test_a_brighter_embedding_is_the_same_picture(digits):
    features, labels, fold = digits
    fitted = HeadFitter(features, labels, fold, classes=10, blocks=BLOCKS).fit()
    np.testing.assert_allclose(fitted.probabilities(features * 3), fitted.probabilities(features), atol=1e-4)


def test_an_order_brings_answers_nearer_to_the_truth():
    """A noisy gauge with eight levels: what tells one from the next is alike all along the scale."""
    generator = np.random.default_rng(0)
    level = generator.integers(0, 8, 400)
    pictures = generator.uniform(0, 32, (400, 8, 8))
    for picture, lit in zip(pictures, level, strict=True):
        picture[:lit] += 6
    features, fold = embed(pictures), np.arange(400) % FOLDS
    nominal, ordered = (
        HeadFitter(features, level, fold, classes=8, blocks=BLOCKS, config=HeadConfig(ordered=way), strangers=False)
        for way in (False, True)
    )
    plain = np.abs(nominal.cross_probabilities().argmax(axis=1) - level).mean()
    assert np.abs(median_label(ordered.cross_probabilities()) - level).mean() < plain
    assert plain < np.abs(np.median(level) - level).mean()
