"""`discern show`: the description of a bundle."""

import json
from pathlib import Path

import pytest

from discern.bundle import load
from discern.errors import BundleError
from discern.flow.show import show
from discern.flow.train import TrainResult


def test_every_value_is_there_and_json_ready(trained: TrainResult) -> None:
    shown = show(trained.bundle)
    assert json.loads(json.dumps(shown, allow_nan=False)) == shown
    assert shown["labels"] == ["blue", "green", "red"]
    assert shown["metrics"]["accuracy"] == trained.accuracy
    assert (shown["path"], shown["seen"]) == (str(trained.bundle), 36)
    assert shown["fingerprint"] == load(trained.bundle).fingerprint


def test_a_missing_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="discern train"):
        show(tmp_path / "none.discern")
