"""A bundle at another door."""

import json
from pathlib import Path

import pytest

import discern
from discern.errors import BundleError, UsageError
from tests.unit.bundle.factories import write_small


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_small(tmp_path / "model.discern")


def test_a_site_that_asks_a_server(bundle: Path, tmp_path: Path) -> None:
    said = discern.export(bundle, tmp_path / "site", api="http://127.0.0.1:8000").to_json()
    written = [path for path in (tmp_path / "site").rglob("*") if path.is_file()]
    assert (said["target"], said["door"], said["files"]) == ("web", "remote", len(written))
    assert said["bytes"]["all"] == sum(path.stat().st_size for path in written)
    assert (said["bytes"]["model"], said["bytes"]["runtime"]) == (0, 0)
    assert said["folder"] == str(tmp_path / "site")
    assert json.loads((tmp_path / "site/export.json").read_bytes())["model"]["fingerprint"] == said["fingerprint"]


def test_an_unknown_target_names_those_that_exist(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'phone'") as refused:
        discern.export(bundle, tmp_path / "site", to="phone")
    assert "web" in refused.value.hint
    assert not (tmp_path / "site").exists()


def test_a_server_and_a_runtime_do_not_go_together(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no runtime"):
        discern.export(bundle, tmp_path / "site", api="http://127.0.0.1:8000", runtime="a.tgz")


def test_nothing_is_written_without_a_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no bundle"):
        discern.export(tmp_path / "absent.discern", tmp_path / "site", api="http://127.0.0.1:8000")
    assert not (tmp_path / "site").exists()
