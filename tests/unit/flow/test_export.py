"""`discern export` writes a verified bundle for a target."""

import json
from pathlib import Path

import pytest

import discern
from discern.errors import BundleError, UsageError
from tests.unit.bundle.factories import write_small


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_small(tmp_path / "model.discern")


def test_a_remote_site_is_written(bundle: Path, tmp_path: Path) -> None:
    result = discern.export(bundle, tmp_path / "site", api="http://127.0.0.1:8000").to_json()
    written = [path for path in (tmp_path / "site").rglob("*") if path.is_file()]
    assert (result["target"], result["door"], result["files"]) == ("web", "remote", len(written))
    assert result["bytes"]["all"] == sum(path.stat().st_size for path in written)
    assert (result["bytes"]["model"], result["bytes"]["runtime"]) == (0, 0)
    assert result["folder"] == str(tmp_path / "site")
    assert json.loads((tmp_path / "site/export.json").read_bytes())["model"]["fingerprint"] == result["fingerprint"]


def test_an_unknown_target_is_rejected_and_known_ones_are_listed(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'phone'") as raised:
        discern.export(bundle, tmp_path / "site", to="phone")
    assert "web" in raised.value.hint
    assert not (tmp_path / "site").exists()


def test_a_server_and_a_runtime_exclude_each_other(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no runtime"):
        discern.export(bundle, tmp_path / "site", api="http://127.0.0.1:8000", runtime="a.tgz")


def test_nothing_is_written_without_a_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no bundle"):
        discern.export(tmp_path / "absent.discern", tmp_path / "site", api="http://127.0.0.1:8000")
    assert not (tmp_path / "site").exists()
