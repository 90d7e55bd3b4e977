"""Training methods are created by name."""

from discern.heads import HeadConfig
from discern.training import TrainConfig
from discern.training.method_config import METHOD_NAMES
from discern.training.methods import METHODS, Probe, make_method


def test_the_default_is_the_probe_with_the_settings_of_the_training() -> None:
    head = HeadConfig(strength=3.0)
    assert make_method(TrainConfig(seed=7, head=head)) == Probe(config=head, seed=7)


def test_there_is_a_method_for_each_name_of_the_settings() -> None:
    assert set(METHODS) == set(METHOD_NAMES)
