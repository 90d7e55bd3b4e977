"""`discern verify`: intact bundles pass; damage, other fingerprints and missing files do not."""

from pathlib import Path

import pytest

from discern.bundle import load
from discern.errors import BundleError, UsageError
from discern.flow.train import TrainResult
from discern.flow.verify import verify


def test_an_intact_bundle_passes(trained: TrainResult) -> None:
    found = verify(trained.bundle)
    assert found.passed
    assert (found.why, found.fingerprint) == ("", load(trained.bundle).fingerprint)
    assert found.worst_difference is not None
    assert found.worst_difference < 1e-4


@pytest.mark.parametrize("change", [str.lower, str.upper, lambda text: f" {text}\n"])
def test_its_own_fingerprint_may_be_written_in_any_case(trained: TrainResult, change) -> None:
    assert verify(trained.bundle, fingerprint=change(load(trained.bundle).fingerprint)).passed


def test_another_fingerprint_is_another_bundle(trained: TrainResult) -> None:
    found = verify(trained.bundle, fingerprint="0" * 64)
    assert not found.passed
    assert "another bundle" in found.why
    assert found.fingerprint == load(trained.bundle).fingerprint


@pytest.mark.parametrize("text", ["", "abc", "g" * 64, "0" * 63, "0" * 65])
def test_an_invalid_fingerprint_is_refused(trained: TrainResult, text: str) -> None:
    with pytest.raises(UsageError, match="Invalid fingerprint"):
        verify(trained.bundle, fingerprint=text)


def test_damage_is_reported_and_not_raised(trained: TrainResult, tmp_path: Path) -> None:
    path = tmp_path / "cut.discern"
    path.write_bytes(trained.bundle.read_bytes()[:-10])
    found = verify(path)
    assert (found.passed, found.fingerprint, found.worst_difference) == (False, None, None)
    assert str(path) in found.why


def test_a_missing_file_cannot_be_verified(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no bundle"):
        verify(tmp_path / "none.discern")
