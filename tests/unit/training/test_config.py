"""Settings of a training, and those of the split that follow from the method."""

import pytest

from discern.errors import UsageError
from discern.heads import HeadConfig
from discern.splitting import SplitConfig
from discern.training import MethodConfig, TrainConfig, plan_split
from discern.training.method_config import METHOD_NAMES


@pytest.mark.parametrize("name", METHOD_NAMES)
def test_networks_are_judged_on_a_test_part_and_frozen_features_in_cross_validation(name: str) -> None:
    assert plan_split(7, None, MethodConfig(name=name)) == SplitConfig(seed=7, draw_test=name != "probe")


def test_a_head_with_a_hidden_layer_trains_in_seconds_and_is_cross_validated() -> None:
    assert not plan_split(0, None, MethodConfig(hidden=8)).draw_test


@pytest.mark.parametrize("name", METHOD_NAMES)
def test_folds_that_were_asked_for_replace_the_test_part(name: str) -> None:
    assert plan_split(7, 3, MethodConfig(name=name)) == SplitConfig(seed=7, folds=3)


def test_ordered_labels_are_not_smoothed_in_silence() -> None:
    ordered = HeadConfig(ordered=True)
    with pytest.raises(UsageError, match="cannot be smoothed"):
        TrainConfig(head=ordered, method=MethodConfig(name="scratch", label_smoothing=0.1))
    TrainConfig(head=ordered, method=MethodConfig(name="scratch", label_smoothing=0.0, augment="strong"))
