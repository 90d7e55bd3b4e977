"""The epochs of a training, from the description of a fitted model."""

from typing import Any

import pytest

from discern.evaluating import read_epochs


def head(**method: Any) -> dict[str, Any]:
    loss = {"train": [1.0, 0.5, 0.25], "held_out": [0.9, 0.4, 0.6]}
    accuracy = {"train": [0.3, 0.6, 0.9], "held_out": [0.4, 0.8, 0.7]}
    return {"head": "network", "method": {"best_epoch": 2, "loss": loss, "accuracy": accuracy, **method}}


def test_each_epoch_has_both_parts_and_one_is_the_best() -> None:
    epochs = read_epochs(head())
    assert [each.epoch for each in epochs] == [1, 2, 3]
    assert [each.best for each in epochs] == [False, True, False]
    assert (epochs[2].train_loss, epochs[2].held_out_loss) == (0.25, 0.6)
    assert (epochs[2].train_accuracy, epochs[2].held_out_accuracy) == (0.9, 0.7)


def test_first_weights_that_are_a_candidate_are_epoch_zero() -> None:
    loss = {"train": [1.0], "held_out": [0.9], "start": 0.1}
    accuracy = {"train": [0.3], "held_out": [0.4], "start": 0.95}
    start, first = read_epochs(head(loss=loss, accuracy=accuracy, best_epoch=0))
    assert (start.epoch, start.best, start.train_loss, start.held_out_loss) == (0, True, None, 0.1)
    assert (start.train_accuracy, start.held_out_accuracy) == (None, 0.95)
    assert (first.epoch, first.best) == (1, False)


@pytest.mark.parametrize("accuracy", [None, {}, {"train": None, "held_out": None}])
def test_runs_that_recorded_no_accuracy_have_none(accuracy: Any) -> None:
    epochs = read_epochs(head(accuracy=accuracy))
    assert [each.held_out_loss for each in epochs] == [0.9, 0.4, 0.6]
    assert {each.held_out_accuracy for each in epochs} == {None}


@pytest.mark.parametrize("without", [{}, {"method": None}, {"method": {}}, {"method": {"name": "probe"}}])
def test_a_method_without_epochs_has_none(without: dict[str, Any]) -> None:
    assert read_epochs(without) == ()
