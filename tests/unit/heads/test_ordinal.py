"""Ordinal regression: recovers known odds, with absent labels and few pictures."""

import numpy as np
import pytest
from scipy import special
from sklearn.linear_model import LogisticRegression

from discern.heads.lda import LinearFit
from discern.heads.logistic import fit_logistic
from discern.heads.ordinal import OrdinalFit, _OrdinalLoss, centred_log_probabilities, fit_ordinal

TRUE_WEIGHT = np.array([2.0, -1.0, 0.0, 0.5])
TRUE_THRESHOLDS = np.array([-2.0, -0.5, 1.5])


def draw(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows and labels drawn from known odds."""
    generator = np.random.default_rng(seed)
    rows = generator.standard_normal((count, 4)) + 1
    latent = rows @ TRUE_WEIGHT + special.logit(generator.uniform(size=count))
    return rows, np.searchsorted(TRUE_THRESHOLDS, latent)


def fit(rows, labels, weights=None, *, classes=4, strength=10.0) -> OrdinalFit:
    weights = np.ones(len(rows)) if weights is None else weights
    found = fit_ordinal(rows, labels, weights, classes=classes, strength=strength)
    assert found is not None
    return found


def test_known_odds_are_recovered():
    found = fit(*draw(20_000), strength=1e6)
    np.testing.assert_allclose(found.weight, TRUE_WEIGHT, atol=0.1)
    np.testing.assert_allclose(found.thresholds, TRUE_THRESHOLDS, atol=0.1)


def test_the_gradient_is_that_of_the_loss():
    generator = np.random.default_rng(1)
    rows, target = generator.standard_normal((60, 3)).astype(np.float32), np.arange(60) % 5
    problem = _OrdinalLoss(rows, target, generator.uniform(0.5, 2, 60), np.ones(3), 5)
    start = problem.start() + generator.standard_normal(7) * 0.3
    steps = np.eye(7) * 1e-3
    numeric = [(problem(start + step)[0] - problem(start - step)[0]) / 2e-3 for step in steps]
    np.testing.assert_allclose(problem(start)[1], numeric, rtol=1e-2, atol=1e-2)


def test_two_labels_are_a_logistic_regression():
    rows, labels = draw(300)
    labels = (labels > 1).astype(int)
    found = fit(rows, labels, classes=2, strength=0.1)
    reference = fit_logistic(rows, labels, np.ones(300), classes=2, strength=0.1)
    logits = reference.logits(rows)
    expected = (logits[:, 1] - logits[:, 0])[:, None]
    np.testing.assert_allclose(-found.margins(rows)[:, 1:2], expected, atol=0.02)
    # The penalty is that of two weight vectors of opposite sign: half of one.
    other = LogisticRegression(C=0.2, tol=1e-8, max_iter=1000).fit(rows, labels)
    np.testing.assert_allclose(found.weight, other.coef_[0], atol=0.01)


def test_the_neighbours_of_an_absent_label_share_a_threshold():
    rows, labels = draw(400)
    kept = labels != 1
    found = fit(rows[kept], labels[kept])
    renumbered = fit(rows[kept], np.where(labels > 1, labels - 1, labels)[kept], classes=3)
    assert found.present.tolist() == [True, False, True, True]
    np.testing.assert_allclose(found.thresholds, renumbered.thresholds)
    odds = centred_log_probabilities(found.margins(rows), found.present)
    np.testing.assert_allclose(
        odds[:, found.present], centred_log_probabilities(renumbered.margins(rows), renumbered.present), atol=1e-9
    )
    assert not odds[:, 1].any()


@pytest.mark.parametrize("absent", [0, 3])
def test_the_first_or_last_label_may_be_absent(absent):
    rows, labels = draw(400)
    found = fit(rows[labels != absent], labels[labels != absent])
    margins = found.margins(rows)
    assert margins.shape == (400, 5)
    assert np.isneginf(margins[:, 0]).all()
    assert np.isposinf(margins[:, 4]).all()
    assert np.isfinite(centred_log_probabilities(margins, found.present)).all()


def test_one_label_has_no_fit():
    rows = np.ones((5, 2))
    assert fit_ordinal(rows, np.full(5, 3), np.ones(5), classes=4, strength=1.0) is None


def test_weights_equal_repetition():
    rows, labels = draw(120)
    some = np.arange(120) < 50
    twice = fit(np.concatenate([rows, rows[some]]), np.concatenate([labels, labels[some]]))
    weighted = fit(rows, labels, 1.0 + some)
    np.testing.assert_allclose(twice.weight, weighted.weight, atol=0.02)
    np.testing.assert_allclose(twice.thresholds, weighted.thresholds, atol=0.03)


def test_separable_labels_have_finite_weights():
    rows = np.linspace(-3, 3, 30)[:, None] * np.ones((1, 40))
    found = fit(rows, np.arange(30) // 10, classes=3, strength=1e4)
    assert np.isfinite(found.weight).all()
    assert (np.diff(found.thresholds) > 0).all()
    odds = centred_log_probabilities(found.margins(rows), found.present)
    np.testing.assert_array_equal(odds.argmax(axis=1), np.arange(30) // 10)


def test_a_label_that_is_never_the_most_probable_keeps_a_width():
    """With labels out of order, the middle one is never the most probable, but keeps a probability."""
    rows = np.repeat([[-2.0], [0.0], [2.0]], 20, axis=0)
    found = fit(rows, np.repeat([0, 2, 1], 20), classes=3)
    assert (np.diff(found.thresholds) > 0).all()
    assert np.isfinite(centred_log_probabilities(found.margins(rows), found.present)).all()


def test_a_smaller_strength_shrinks_the_weights_to_the_label_frequencies():
    rows, labels = draw(400)
    lengths = [np.linalg.norm(fit(rows, labels, strength=strength).weight) for strength in (1e-6, 0.01, 1.0, 100.0)]
    assert np.all(np.diff(lengths) > 0)
    shares = np.bincount(labels, minlength=4) / 400
    odds = np.exp(centred_log_probabilities(fit(rows, labels, strength=1e-6).margins(rows[:1]), np.ones(4, bool)))
    np.testing.assert_allclose(odds[0] / odds.sum(), shares, atol=0.01)


def test_probabilities_are_those_of_the_definition():
    cumulative = OrdinalFit(weight=TRUE_WEIGHT, thresholds=TRUE_THRESHOLDS, present=np.ones(4, bool))
    rows, _ = draw(50)
    margins = cumulative.margins(rows)
    expected = np.log(np.diff(special.expit(margins)))
    odds = centred_log_probabilities(margins, cumulative.present)
    np.testing.assert_allclose(odds, expected - expected.mean(axis=1, keepdims=True), atol=1e-6)
    np.testing.assert_allclose(odds.sum(axis=1), 0, atol=1e-9)


def test_composition_with_a_linear_map_keeps_the_margins():
    generator = np.random.default_rng(0)
    linear = LinearFit.centred(generator.standard_normal((6, 4)), generator.standard_normal(4), np.ones(4, bool))
    cumulative = OrdinalFit(weight=TRUE_WEIGHT, thresholds=TRUE_THRESHOLDS, present=np.ones(4, bool))
    rows = generator.standard_normal((20, 6))
    np.testing.assert_allclose(cumulative.compose(linear).margins(rows), cumulative.margins(linear.logits(rows)))
