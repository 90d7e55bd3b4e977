"""The classifier learns a change that no signal shows, and wins nothing without one."""

import numpy as np
import pytest

from discern.watching.drift.two_sample_classifier import TwoSampleClassifier

ERROR = 0.005


def draw(random: np.random.Generator, count: int, shift: float = 0.0, share: float = 0.5) -> tuple[np.ndarray, ...]:
    """Draw features of two classes that are far apart, shifted in three of ten dimensions."""
    label = (random.random(count) < share).astype(np.int64)
    features = random.normal(3.0 * label[:, None], 1, (count, 10))
    features[:, :3] += shift
    return features, label, np.arange(1, count + 1)


def make(random: np.random.Generator, pictures: int = 1000) -> TwoSampleClassifier:
    features, label, _ = draw(random, pictures)
    return TwoSampleClassifier(features, label, error=ERROR)


def won(classifier: TwoSampleClassifier, drawn: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return the log of what each bet won at the end."""
    factors, _ = classifier.update(*drawn)
    return np.asarray(factors.sum(axis=0))


def test_nothing_is_won_without_a_change() -> None:
    random = np.random.default_rng(0)
    assert max(won(make(random), draw(random, 600)).max() for _ in range(10)) < 1


def test_another_mix_of_classes_wins_nothing() -> None:
    random = np.random.default_rng(1)
    assert max(won(make(random), draw(random, 600, share=0.97)).max() for _ in range(10)) < 2


def test_a_change_is_learnt_and_its_pictures_have_the_highest_scores() -> None:
    random = np.random.default_rng(2)
    classifier = make(random)
    assert won(classifier, draw(random, 300, shift=0.8)).max() > 10
    features, label, number = draw(random, 200, shift=np.repeat([0.0, 1.5], [100, 100])[:, None])  # type: ignore[arg-type]
    _, scores = classifier.update(features, label, number)
    assert scores[100:].mean() > scores[:100].mean() + 1


def test_the_first_pictures_are_not_bet_on() -> None:
    random = np.random.default_rng(3)
    factors, _ = make(random).update(*draw(random, 60, shift=5.0))
    assert (factors[:40] == 0).all()
    assert (factors[40:] != 0).all()


def test_a_reference_that_is_too_small_is_not_bet_on() -> None:
    random = np.random.default_rng(4)
    classifier = make(random, 60)
    assert not classifier.is_active
    assert (won(classifier, draw(random, 200, shift=5.0)) == 0).all()
    assert (won(TwoSampleClassifier(np.empty((0, 10)), np.empty(0, int), error=ERROR), draw(random, 9)) == 0).all()


def test_batches_and_a_restart_do_not_matter() -> None:
    drawn = draw(np.random.default_rng(5), 500, shift=0.3)
    whole, first, second = (make(np.random.default_rng(6)) for _ in range(3))
    expected, _ = whole.update(*drawn)
    start = first.update(*(each[:130] for each in drawn))[0]
    second.restore(*first.state())
    end = second.update(*(each[130:] for each in drawn))[0]
    assert np.concatenate([start, end]) == pytest.approx(expected)


def test_later_fits_are_more_careful() -> None:
    random = np.random.default_rng(7)
    classifier = make(random)
    classifier.update(*draw(random, 40))
    early = np.exp(classifier._bets()).mean()
    classifier.update(*draw(random, 2000))
    assert np.exp(classifier._bets()).mean() < early


def test_a_class_that_the_reference_lacks_is_compared_with_all() -> None:
    random = np.random.default_rng(8)
    features, _, number = draw(random, 50)
    _, scores = make(random).update(features, np.full(50, -1), number)
    assert np.isfinite(scores).all()
