"""Nested cross-validation: no outer fold influences the head that predicts it, however few the pictures."""

import json
from dataclasses import replace

import numpy as np
import pytest

from discern.bundle.heads import OrdinalHead
from discern.bundle.prediction_sets import median_label
from discern.errors import DataError, UsageError
from discern.heads import HeadConfig, HeadFitter


def fitter(made, blocks, **changes) -> HeadFitter:
    return HeadFitter(made.features, made.labels, made.fold, classes=made.classes, blocks=blocks, **changes)


def assert_same_head(one, other, *, tolerance: float = 0.0) -> None:
    np.testing.assert_allclose(one.head.weight, other.head.weight, atol=tolerance)
    np.testing.assert_allclose(one.head.bias, other.head.bias, atol=tolerance)
    assert one.t_unknown == pytest.approx(other.t_unknown, abs=tolerance)


def test_labels_of_the_outer_fold_do_not_change_its_predictions(make, blocks):
    made = make(120, 5)
    outer = made.fold == 2
    labels = made.labels.copy()
    labels[outer] = np.random.default_rng(0).permutation(labels[outer])
    expected, actual = fitter(made, blocks).fit(2), fitter(replace(made, labels=labels), blocks).fit(2)
    assert_same_head(expected, actual)
    features = made.features[outer]
    np.testing.assert_array_equal(expected.probabilities(features), actual.probabilities(features))
    np.testing.assert_array_equal(expected.unknown_score(features), actual.unknown_score(features))
    assert expected.chosen == actual.chosen


def test_pictures_of_the_outer_fold_do_not_change_the_head(make, blocks):
    made = make(120, 5)
    features = made.features.copy()
    features[made.fold == 2] *= np.random.default_rng(0).uniform(0.5, 2, 48).astype(np.float32)
    assert_same_head(
        fitter(made, blocks).fit(2), fitter(replace(made, features=features), blocks).fit(2), tolerance=2e-2
    )


def test_other_pictures_of_the_outer_fold_do_not_move_the_centre(make, blocks):
    """A mean over all pictures would pass a different light of the held-out ones on to the head."""
    made = make(120, 5)
    features = made.features.copy()
    features[made.fold == 2] += 20 * np.random.default_rng(0).uniform(size=48).astype(np.float32)
    expected, actual = fitter(made, blocks).fit(2), fitter(replace(made, features=features), blocks).fit(2)
    np.testing.assert_array_equal(expected.head.centre, actual.head.centre)
    assert_same_head(expected, actual, tolerance=2e-2)


def test_stage_blocks_with_a_large_common_part_are_still_told_apart(blocks):
    """Two directions separate the classes in a stage block whose length is that of what all pictures share."""
    generator = np.random.default_rng(3)
    labels = np.arange(200) % 4
    corner = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])[labels]
    features = generator.standard_normal((200, 48)).astype(np.float32)
    features[:, 24:40] += 200
    features[:, 24:26] += 3 * corner
    fold = np.random.default_rng(0).permutation(200) % 5
    accuracy = {}
    for centred in (False, True):
        some = HeadFitter(features, labels, fold, classes=4, blocks=blocks, centred=centred)
        accuracy[centred] = (some.cross_fit().probabilities.argmax(axis=1) == labels).mean()
    assert accuracy[True] > accuracy[False] + 0.05
    assert accuracy[True] > 0.9


def test_heads_that_grow_with_their_data_are_corrected(make, blocks):
    made = make(300, 20, apart=1)
    some = fitter(made, blocks)
    correction, plain, corrected = some.temperature_correction(), some.cross_fit(), some.cross_fit(corrected=True)
    np.testing.assert_array_equal(plain.probabilities.argmax(axis=1), corrected.probabilities.argmax(axis=1))
    np.testing.assert_array_equal(plain.unknown_score, corrected.unknown_score)
    np.testing.assert_allclose(plain.uncalibrated, corrected.uncalibrated, atol=1e-6)
    assert set(correction.by_fold) == set(range(5))
    assert max(correction.by_fold.values()) < 1
    assert min(correction.by_fold.values()) < correction.final < 1
    for number, factor in correction.by_fold.items():
        rows = made.fold == number
        expected = some.fit(number).corrected(factor).probabilities(made.features[rows])
        np.testing.assert_array_equal(corrected.probabilities[rows], expected)
        assert corrected.chosen[number]["temperature_correction"] == factor


def test_a_correction_does_not_depend_on_what_was_fitted_before(make, blocks):
    made = make(120, 4)
    crossed = fitter(made, blocks)
    crossed.cross_fit()
    one, other = crossed.temperature_correction(), fitter(made, blocks).temperature_correction()
    assert one.final == other.final
    assert one.by_fold == other.by_fold


@pytest.mark.parametrize("outer_folds", [(0,), (0, 1)])
def test_fewer_than_three_outer_folds_correct_nothing(make, blocks, outer_folds):
    correction = fitter(make(60, 3), blocks, outer_folds=outer_folds).temperature_correction()
    assert correction.final == 1
    assert not correction.by_fold


def test_a_head_without_a_fold_is_the_head_of_the_other_folds(make, blocks):
    made = make(120, 3)
    kept = made.fold != 1
    rest = HeadFitter(made.features[kept], made.labels[kept], made.fold[kept], classes=3, blocks=blocks)
    assert_same_head(fitter(made, blocks).fit(1), rest.fit(), tolerance=2e-2)


@pytest.mark.parametrize("without", [None, 1])
def test_heads_without_unknown_scores_are_the_same_heads(make, blocks, without):
    made = make(120, 5)
    whole, head = fitter(made, blocks).fit(without), fitter(made, blocks, score_unknown=False).fit_head(without)
    np.testing.assert_array_equal(head.weight, whole.head.weight)
    np.testing.assert_array_equal(head.bias, whole.head.bias)


def test_probabilities_without_unknown_scores_are_the_same(make, blocks):
    made = make(120, 5)
    whole = fitter(made, blocks).cross_fit().probabilities
    np.testing.assert_array_equal(fitter(made, blocks, score_unknown=False).cross_probabilities(), whole)


def test_tiny_sets_get_the_same_head_alone(make, blocks):
    made = make(12, 3)
    small = replace(made, fold=np.zeros(12, np.int64))
    whole, head = fitter(small, blocks).fit(), fitter(small, blocks, score_unknown=False).fit_head()
    np.testing.assert_array_equal(head.weight, whole.head.weight)


def test_fit_needs_unknown_scores(make, blocks):
    with pytest.raises(ValueError, match="fit_head"):
        fitter(make(60, 3), blocks, score_unknown=False).fit()


def test_the_same_seed_gives_the_assert_same_head(make, blocks):
    made = make(100, 5)
    first, second = fitter(made, blocks, seed=3).cross_fit(), fitter(made, blocks, seed=3).cross_fit()
    np.testing.assert_array_equal(first.probabilities, second.probabilities)
    np.testing.assert_array_equal(first.unknown_score, second.unknown_score)
    assert first.chosen == second.chosen


def test_a_cross_fit_predicts_each_fold_by_its_own_head(make, blocks):
    made = make(100, 4)
    calls = []
    crossed = fitter(made, blocks).cross_fit(progress=lambda *call: calls.append(call))
    fitted, rows = fitter(made, blocks).fit(3), made.fold == 3
    np.testing.assert_array_equal(crossed.probabilities[rows], fitted.probabilities(made.features[rows]))
    np.testing.assert_array_equal(crossed.uncalibrated[rows], fitted.uncalibrated(made.features[rows]))
    np.testing.assert_array_equal(crossed.t_unknown[rows], fitted.t_unknown)
    np.testing.assert_allclose(crossed.probabilities.sum(axis=1), 1, rtol=1e-5)
    assert len(crossed.chosen) == 5
    assert calls[-1][0] == "fit"
    assert calls[-1][1] == calls[-1][2]


def test_well_separated_classes_are_predicted(make, blocks):
    made = make(150, 3, apart=4)
    crossed = fitter(made, blocks).cross_fit()
    assert (crossed.probabilities.argmax(axis=1) == made.labels).mean() > 0.95


def test_weights_equal_repetition(make, blocks):
    made = make(100, 3)
    copied = np.arange(20)
    rows = np.concatenate([np.arange(100), copied])
    doubled = replace(made, features=made.features[rows], labels=made.labels[rows], fold=made.fold[rows])
    weights = np.ones(120)
    weights[copied] = weights[100:] = 0.5
    assert_same_head(fitter(made, blocks).fit(), fitter(doubled, blocks, weights=weights).fit(), tolerance=2e-2)


def test_rows_left_out_of_a_fold_are_excluded_from_training(make, blocks):
    made = make(100, 3)
    rows = np.flatnonzero(made.fold == 4)[:6]
    labels = made.labels.copy()
    labels[rows] = (labels[rows] + 1) % 3
    relabelled = replace(made, labels=labels)
    # They may still take part in the selection, since heads without fold 4 predict them.
    one, other = (
        fitter(some, blocks, left_out={0: rows})._fit_candidates(frozenset([0])) for some in (made, relabelled)
    )
    for name, linear in one.linear.items():
        np.testing.assert_allclose(linear.weight, other.linear[name].weight, atol=1e-9)


def test_rows_that_leak_into_a_test_part_are_excluded_from_training(make, blocks):
    made = make(100, 3)
    rows = np.flatnonzero(made.fold == 4)[:6]
    kept = np.setdiff1d(np.arange(100), rows)
    fitted = fitter(made, blocks, left_out={-1: rows})._fit_candidates(frozenset([0]))
    rest = replace(made, features=made.features[kept], labels=made.labels[kept], fold=made.fold[kept])
    expected = fitter(rest, blocks)._fit_candidates(frozenset([0]))
    np.testing.assert_allclose(fitted.scorer.centre, expected.scorer.centre, atol=1e-5)
    assert fitted.scorer.prototypes.shape == expected.scorer.prototypes.shape


def test_pictures_of_no_fold_are_in_every_training_set(make, blocks):
    made = make(100, 3)
    fold = np.where(np.arange(100) < 30, -1, made.fold)
    crossed = fitter(replace(made, fold=fold), blocks).cross_fit()
    assert np.isnan(crossed.probabilities[:30]).all()
    assert np.isfinite(crossed.probabilities[30:]).all()


@pytest.mark.parametrize(
    ("count", "classes", "folds"), [(6, 2, 3), (6, 2, 2), (4, 2, 5), (8, 4, 2), (3, 2, 1), (2, 2, 2)]
)
def test_tiny_sets_get_a_head(make, blocks, count, classes, folds):
    made = make(count, classes, folds=folds)
    fitted = fitter(made, blocks).fit()
    probabilities = fitted.probabilities(made.features)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert np.isfinite(fitted.unknown_score(made.features)).all()
    assert np.isfinite(fitted.t_unknown)
    assert 0 < fitted.temperature < np.inf


def test_two_classes_of_three_pictures_are_cross_fitted(make, blocks):
    made = make(6, 2)
    crossed = fitter(replace(made, fold=np.arange(6) // 2), blocks).cross_fit()
    assert np.isfinite(crossed.probabilities).all()
    assert (crossed.probabilities > 0).all()


def test_a_class_of_one_fold_is_improbable_there(make, blocks):
    made = make(100, 3)
    fold = np.where(made.labels == 2, 1, made.fold)
    crossed = fitter(replace(made, fold=fold), blocks).cross_fit()
    absent = crossed.probabilities[fold == 1, 2]
    assert (absent > 0).all()
    assert (absent < 1e-6).all()
    assert (crossed.uncalibrated[fold == 1, 2] < 1e-6).all()


def test_classes_without_a_picture_keep_their_columns(make, blocks):
    made = make(60, 3)
    fitted = HeadFitter(made.features, made.labels * 2, made.fold, classes=6, blocks=blocks).fit()
    probabilities = fitted.probabilities(made.features)
    assert probabilities.shape == (60, 6)
    assert (probabilities[:, [1, 3, 5]] < 1e-6).all()


def test_a_large_set_is_selected_by_its_single_outer_fold(make, blocks):
    made = make(2300, 3)
    crossed = fitter(made, blocks, outer_folds=(0,))
    fitted = crossed.fit()
    assert "logistic" not in fitted.chosen["head"]
    assert (fitted.probabilities(made.features).argmax(axis=1) == made.labels).mean() > 0.6
    probabilities = crossed.cross_fit().probabilities
    assert np.isfinite(probabilities[made.fold == 0]).all()
    assert np.isnan(probabilities[made.fold != 0]).all()


def test_a_backbone_may_have_one_block(make):
    made = make(90, 3)
    assert (fitter(made, {"head": (0, 48)}).cross_fit().probabilities.argmax(axis=1) == made.labels).mean() > 0.5


def test_no_pictures_give_no_predictions(make, blocks):
    made = make(60, 3)
    fitted = fitter(made, blocks).fit()
    assert fitted.probabilities(made.features[:0]).shape == (0, 3)
    assert fitted.unknown_score(made.features[:0]).shape == (0,)


def test_the_selection_is_json_ready(make, blocks):
    chosen = fitter(make(60, 4), blocks).fit()
    assert set(chosen.chosen) == {"head", "temperature", "log_loss", "unknown"}
    assert chosen.chosen["head"] in chosen.chosen["log_loss"]
    record = chosen.unknown_json()
    assert record["threshold"] == chosen.t_unknown
    assert record["bytes"] == chosen.unknown.nbytes
    assert all(isinstance(area, float) for area in record["auroc_classes_left_out"].values())


ORDERED = HeadConfig(ordered=True)


def test_ordinal_heads_are_selected_if_the_labels_are_ordered(make_ordered, blocks):
    errors, nominal_errors, ordinal = [], [], []
    for seed in range(3):
        made = make_ordered(160, 8, apart=1.5, seed=seed)
        crossed = fitter(made, blocks, score_unknown=False, config=ORDERED)
        errors.append(np.abs(median_label(crossed.cross_probabilities()) - made.labels))
        nominal = fitter(made, blocks, score_unknown=False).cross_probabilities().argmax(axis=1)
        nominal_errors.append(np.abs(nominal - made.labels))
        ordinal += [isinstance(crossed.fit_head(fold), OrdinalHead) for fold in range(5)]
    assert np.mean(ordinal) > 0.5
    assert np.mean(errors) < 0.95 * np.mean(nominal_errors)


def test_multinomial_heads_are_selected_without_an_order(make, blocks):
    crossed = fitter(make(150, 5, apart=3), blocks, config=ORDERED).cross_fit()
    assert not any(chosen["head"].startswith("cumulative") for chosen in crossed.chosen)


def test_the_selection_lists_every_candidate_with_its_error_and_log_loss(make_ordered, blocks):
    made = make_ordered(100, 4)
    chosen = fitter(made, blocks, config=ORDERED).fit().chosen
    assert set(chosen) == {"head", "temperature", "log_loss", "mae", "unknown"}
    assert set(chosen["mae"]) == set(chosen["log_loss"])
    assert {"cumulative", "cumulative-soft", "logistic", "discriminant"} < set(chosen["mae"])
    assert json.loads(json.dumps(chosen)) == chosen


def test_multinomial_candidates_are_the_same_with_an_order(make, blocks):
    made = make(100, 4)
    plain, ordered = fitter(made, blocks).fit(1).chosen, fitter(made, blocks, config=ORDERED).fit(1).chosen
    assert plain["log_loss"].items() <= ordered["log_loss"].items()


def test_labels_of_the_outer_fold_do_not_select_an_ordinal_head(make_ordered, blocks):
    made = make_ordered(120, 4)
    outer = made.fold == 2
    labels = made.labels.copy()
    labels[outer] = labels[outer][::-1]
    expected, actual = (fitter(some, blocks, config=ORDERED).fit(2) for some in (made, replace(made, labels=labels)))
    assert expected.chosen == actual.chosen
    features = made.features[outer]
    np.testing.assert_array_equal(expected.probabilities(features), actual.probabilities(features))
    np.testing.assert_array_equal(expected.unknown_score(features), actual.unknown_score(features))


def test_ordered_heads_without_unknown_scores_are_the_same(make_ordered, blocks):
    made = make_ordered(120, 4)
    whole = fitter(made, blocks, config=ORDERED).cross_fit().probabilities
    alone = fitter(made, blocks, score_unknown=False, config=ORDERED).cross_probabilities()
    np.testing.assert_array_equal(alone, whole)


def test_an_ordered_label_of_one_fold_is_improbable_there(make_ordered, blocks):
    made = make_ordered(100, 4)
    fold = np.where(made.labels == 1, 1, made.fold)
    crossed = fitter(replace(made, fold=fold), blocks, config=ORDERED).cross_fit()
    assert np.isfinite(crossed.probabilities).all()
    assert (crossed.probabilities[fold == 1, 1] < 1e-6).all()
    assert (crossed.uncalibrated[fold == 1, 1] < 1e-6).all()


@pytest.mark.parametrize(("count", "classes", "folds"), [(6, 2, 3), (4, 2, 5), (8, 4, 2), (3, 3, 1), (2, 2, 2)])
def test_tiny_ordered_sets_get_a_head(make_ordered, blocks, count, classes, folds):
    made = make_ordered(count, classes, folds=folds)
    fitted = fitter(made, blocks, config=ORDERED).fit()
    np.testing.assert_allclose(fitted.probabilities(made.features).sum(axis=1), 1, rtol=1e-5)
    assert np.isfinite(fitted.unknown_score(made.features)).all()


def test_a_single_label_has_no_ordinal_head(make_ordered, blocks):
    made = replace(make_ordered(20, 2), labels=np.zeros(20, np.int64))
    fitted = HeadFitter(made.features, made.labels, made.fold, classes=2, blocks=blocks, config=ORDERED).fit()
    assert "cumulative" not in fitted.chosen["mae"]


def test_ordinal_heads_of_a_large_set_are_fitted_on_logits(make_ordered, blocks):
    made = make_ordered(2300, 5)
    fitted = fitter(made, blocks, outer_folds=(0,), config=ORDERED).fit()
    assert "cumulative-projected" in fitted.chosen["mae"]
    assert fitted.chosen["mae"][fitted.chosen["head"]] < 0.5
    error = np.abs(median_label(fitted.probabilities(made.features)) - made.labels).mean()
    assert error < 0.5


@pytest.mark.parametrize(
    "change",
    [
        {"labels": np.zeros(9, int)},
        {"labels": np.full(10, -1)},
        {"fold": np.zeros(3, int)},
    ],
)
def test_arrays_that_do_not_match_are_rejected(make, blocks, change):
    with pytest.raises(DataError):
        fitter(replace(make(10, 2), **change), blocks)


@pytest.mark.parametrize("change", [{"false_rejection": 0.0}, {"false_rejection": 1.0}, {"strength": -1}, {"rank": 0}])
def test_settings_out_of_range_are_rejected(change):
    with pytest.raises(UsageError):
        HeadConfig(**change)
