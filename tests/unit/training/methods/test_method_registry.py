"""Training methods are created by name."""

import pytest

from discern.errors import UsageError
from discern.heads import HeadConfig
from discern.training import TrainConfig
from discern.training.methods import Probe, make_method


def test_the_default_is_the_probe_with_the_settings_of_the_training() -> None:
    head = HeadConfig(strength=3.0)
    assert make_method(TrainConfig(seed=7, head=head)) == Probe(config=head, seed=7)


def test_an_unknown_method_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="Unknown training method: resnet") as caught:
        make_method(TrainConfig(), "resnet")
    assert "probe" in caught.value.hint
