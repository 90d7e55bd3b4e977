"""Correction of temperatures: what the answers of other folds show, and nothing where they show no gain."""

from dataclasses import replace

import numpy as np
import pytest

from discern.heads.temperature_correction import FoldAnswers, correct_temperature

SHARE = 0.2
EXPONENT = np.log(5 / 4) / np.log(4 / 3)


def answers(factor: float, *, each: int = 300, seed: int = 0) -> list[FoldAnswers]:
    """Logits that are calibrated when divided by `factor`."""
    generator = np.random.default_rng(seed)
    made = []
    for fold in range(5):
        logits = generator.standard_normal((each, 3)) * 3
        shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        labels = (shares.cumsum(axis=1) < generator.uniform(size=(each, 1))).sum(axis=1)
        centred = (logits - logits.mean(axis=1, keepdims=True)) * factor
        made.append(
            FoldAnswers(
                fold=fold, logits=centred, present=np.ones(centred.shape, bool), labels=labels, weights=np.ones(each)
            )
        )
    return made


@pytest.mark.parametrize("factor", [0.6, 0.8, 1.5])
def test_modest_answers_are_sharpened_and_bold_ones_softened(factor):
    correction = correct_temperature(answers(factor), SHARE)
    assert correction.final == pytest.approx(factor**EXPONENT, rel=0.1)
    assert set(correction.by_fold) == set(range(5))
    assert all(each == pytest.approx(factor, rel=0.15) for each in correction.by_fold.values())


def test_the_final_head_is_corrected_less_than_the_folds_heads_as_it_gains_a_smaller_share():
    correction = correct_temperature(answers(0.6), SHARE)
    small = correct_temperature(answers(0.6), 0.05)
    assert max(correction.by_fold.values()) < correction.final < 1
    assert small.final < correction.final


def test_a_fold_is_corrected_without_its_own_answers():
    folds = answers(0.7)
    changed = [replace(folds[0], labels=(folds[0].labels + 1) % 3), *folds[1:]]
    one, other = correct_temperature(folds, SHARE), correct_temperature(changed, SHARE)
    assert one.by_fold[0] == other.by_fold[0]
    assert one.by_fold[1] != other.by_fold[1]


def test_answers_are_left_alone_where_their_brier_score_would_become_worse():
    """One sure error in a fold calls for softer answers by its log loss alone."""
    logits = np.full((40, 2), [2.5, -2.5])
    labels = np.zeros(40, np.int64)
    logits[0] *= 3
    labels[0] = 1
    folds = [
        FoldAnswers(fold=fold, logits=logits, present=np.ones((40, 2), bool), labels=labels, weights=np.ones(40))
        for fold in range(3)
    ]
    correction = correct_temperature(folds, 1 / 3)
    assert correction.final == 1
    assert not correction.by_fold


def test_classes_that_a_head_has_not_seen_are_ignored():
    folds = answers(0.7)
    without = [
        replace(
            part,
            logits=np.column_stack([part.logits, np.full(len(part.labels), -14.0)]),
            present=np.column_stack([part.present, np.zeros(len(part.labels), bool)]),
        )
        for part in folds
    ]
    unseen = [
        replace(
            part,
            logits=np.concatenate([part.logits, part.logits[:5]]),
            present=np.concatenate([part.present, part.present[:5]]),
            labels=np.concatenate([part.labels, np.full(5, 3)]),
            weights=np.ones(len(part.labels) + 5),
        )
        for part in without
    ]
    expected = correct_temperature(folds, SHARE).final
    assert correct_temperature(without, SHARE).final == pytest.approx(expected, rel=1e-3)
    assert correct_temperature(unseen, SHARE).final == pytest.approx(expected, rel=1e-3)


def test_answers_of_unseen_classes_alone_correct_nothing():
    folds = [
        replace(part, present=np.array([[True, True, False]] * len(part.labels)), labels=part.labels * 0 + 2)
        for part in answers(0.7)
    ]
    assert correct_temperature(folds, SHARE).final == 1


def test_most_gains_that_chance_explains_correct_nothing():
    corrections = [correct_temperature(answers(1.0, each=40, seed=seed), SHARE).final for seed in range(40)]
    assert np.mean(np.array(corrections) == 1) > 0.6
    assert all(correct_temperature(answers(0.7, each=40, seed=seed), SHARE).final < 1 for seed in range(5))
