"""Settings of training methods: ranges, defaults, and options that a method does not use."""

import pytest

from discern.errors import UsageError
from discern.heads import HeadConfig
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
    assert config.resolved().keys() == {"epochs", "batch", "lr"}


def test_a_run_records_the_method_and_what_was_given() -> None:
    assert MethodConfig(name="scratch", epochs=3).to_json() == {"method": "scratch", "epochs": 3}


def test_runs_of_the_default_method_are_recorded_as_before() -> None:
    assert not {"method", "epochs", "batch", "lr"} & TrainConfig().to_json().keys()
