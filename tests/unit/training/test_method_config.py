"""Settings of training methods: ranges, defaults, and options that a method does not use."""

import re
from typing import Any

import pytest

from discern.errors import UsageError
from discern.heads import HeadConfig
from discern.splitting import SplitConfig
from discern.training import MethodConfig, TrainConfig


@pytest.mark.parametrize("option", [{"epochs": 3}, {"batch": 8}, {"lr": 0.1}])
def test_an_option_that_the_method_does_not_use_is_refused(option: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=f"'probe' does not use --{next(iter(option))}") as caught:
        MethodConfig(**option)
    assert "--method scratch" in caught.value.hint


@pytest.mark.parametrize(
    "option",
    [
        {"epochs": 0},
        {"epochs": -1},
        {"epochs": 2.5},
        {"epochs": True},
        {"batch": 1},
        {"batch": 10**9},
        {"lr": 0.0},
        {"lr": float("nan")},
        {"lr": float("inf")},
        {"lr": -0.1},
    ],
)
def test_a_value_out_of_range_is_refused(option: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=f"Invalid {next(iter(option))}"):
        MethodConfig(name="scratch", **option)


def test_an_unknown_method_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="Unknown training method: resnet") as caught:
        MethodConfig(name="resnet")
    assert "probe, scratch" in caught.value.hint


def test_networks_learn_ordered_labels_too() -> None:
    config = TrainConfig(head=HeadConfig(ordered=True), method=MethodConfig(name="scratch"))
    assert config.head.ordered


def test_what_is_not_given_has_the_default_of_the_method() -> None:
    config = MethodConfig(name="scratch", epochs=3)
    assert config.resolved()["epochs"] == 3
    assert {"epochs", "batch", "lr", "augment", "balance", "device"} < config.resolved().keys()


def test_a_run_records_the_method_and_what_was_given() -> None:
    assert MethodConfig(name="scratch", epochs=3).to_json() == {"method": "scratch", "epochs": 3}


def test_runs_of_the_default_method_are_recorded_as_before() -> None:
    assert not {"method", "epochs", "batch", "lr"} & TrainConfig().to_json().keys()


@pytest.mark.parametrize(
    "option",
    [
        {"augment": "some"},
        {"augment": 1},
        {"balance": "yes"},
        {"device": "gpu"},
        {"mirror": "no"},
        {"mirror": 1},
        {"weight_decay": float("nan")},
        {"label_smoothing": 1},
        {"batch": "many"},
    ],
)
def test_a_setting_of_fine_tuning_out_of_range_is_refused(option: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"Invalid {next(iter(option))}: ") as caught:
        MethodConfig(name="finetune", **option)
    assert re.match("Use one of|Pass (a|True)", caught.value.hint)


def test_the_budget_is_a_time() -> None:
    assert MethodConfig(name="auto", budget=60.0).to_json() == {"method": "auto", "budget": 60.0}
    with pytest.raises(UsageError, match="Invalid budget"):
        MethodConfig(name="auto", budget=0.0)
    with pytest.raises(UsageError, match="'finetune' does not use --budget") as caught:
        MethodConfig(name="finetune", budget=60.0)
    assert "--method auto" in caught.value.hint


def test_all_ignored_options_are_named_as_on_the_command_line() -> None:
    with pytest.raises(UsageError, match="does not use --epochs, --weight-decay"):
        MethodConfig(epochs=3, weight_decay=0.1)


def test_false_and_zero_are_given_settings() -> None:
    config = MethodConfig(name="finetune", mirror=False, weight_decay=0.0)
    assert config.to_json() == {"method": "finetune", "weight_decay": 0.0, "mirror": False}
    assert config.resolved()["mirror"] is False


def test_a_run_records_the_number_of_folds_that_was_asked_for() -> None:
    plain = TrainConfig(split=SplitConfig(folds=3), folds=3).to_json()
    assert plain["folds"] == plain["split"]["folds"] == 3
    assert "folds" not in TrainConfig().to_json()


@pytest.mark.parametrize("option", [{"dropout": 1.0}, {"dropout": -0.1}, {"hidden": 0}, {"hidden": 2.0}])
def test_a_setting_of_the_hidden_layer_out_of_range_is_refused(option: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"Invalid {next(iter(option))}: "):
        MethodConfig(**{"hidden": 8, **option})


def test_a_hidden_layer_makes_the_settings_of_its_training_usable() -> None:
    config = MethodConfig(hidden=64, epochs=5)
    assert config.resolved()["hidden"] == 64
    assert config.resolved()["dropout"] > 0
    assert config.to_json() == {"epochs": 5, "hidden": 64}
    for ignored in ({"augment": "light"}, {"mirror": True}, {"budget": 9.0}):
        with pytest.raises(UsageError, match="does not use"):
            MethodConfig(hidden=64, **ignored)
    with pytest.raises(UsageError, match="does not use --dropout") as caught:
        MethodConfig(dropout=0.2)
    assert "--method probe with --hidden" in caught.value.hint


def test_a_hidden_layer_learns_ordered_labels_too() -> None:
    assert TrainConfig(head=HeadConfig(ordered=True), method=MethodConfig(hidden=64)).head.ordered


@pytest.mark.parametrize("method", ["scratch", "finetune", "auto"])
def test_strong_augmentation_smooths_labels_unless_that_is_set(method: str) -> None:
    assert MethodConfig(name=method).resolved()["label_smoothing"] == 0
    assert MethodConfig(name=method, augment="strong").resolved()["label_smoothing"] == 0.1
    assert MethodConfig(name=method, augment="strong", label_smoothing=0.0).resolved()["label_smoothing"] == 0
