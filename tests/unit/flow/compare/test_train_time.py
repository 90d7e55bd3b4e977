"""The time of a training includes the features that its cache already had."""

from pathlib import Path

import pytest

from discern.flow.compare.train_time import find_train_time
from discern.flow.run import Run
from discern.parallel import count_cores
from tests.unit.flow.compare.test_model_size import size


def run_of(tmp_path: Path, **facts: object) -> Run:
    return Run(tmp_path, {"seconds": {"scan": 1.5, "fit": 2.5}, "config": {"backbone": "none"}, **facts})


def test_the_time_of_cached_features_is_that_of_the_bundle_on_all_cores(tmp_path: Path) -> None:
    run = run_of(tmp_path, features={"pictures": 300, "cached": 200})
    found = find_train_time(run, size(4_000_000, 192, 50.0), "probe")
    assert found.cached_seconds == pytest.approx(10 / count_cores(), abs=0.001)
    assert found.seconds == pytest.approx(4 + 10 / count_cores(), abs=0.001)
    assert (found.measured, found.cached, found.is_complete) == (4.0, 200, True)


def test_without_cached_features_nothing_is_estimated(tmp_path: Path) -> None:
    run = run_of(tmp_path, features={"pictures": 300, "cached": 0})
    found = find_train_time(run, size(4_000_000, 192), "probe")
    assert (found.seconds, found.cached, found.cached_seconds, found.is_complete) == (4.0, 0, 0.0, True)


def test_a_run_that_does_not_state_them_is_incomplete(tmp_path: Path) -> None:
    found = find_train_time(run_of(tmp_path), size(4_000_000, 192), "probe")
    assert (found.seconds, found.cached, found.is_complete) == (4.0, None, False)


def test_a_backbone_that_cannot_be_loaded_leaves_the_time_incomplete(tmp_path: Path) -> None:
    run = run_of(tmp_path, features={"pictures": 300, "cached": 200})
    found = find_train_time(run, size(4_000_000, 192), "scratch")
    assert (found.seconds, found.cached_seconds, found.is_complete) == (4.0, None, False)
