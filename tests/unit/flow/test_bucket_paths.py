"""Sources keep their address in what is recorded, and are read from a local copy."""

from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.flow.bucket_paths import local_source, resolve_source
from discern.flow.run import Run


def test_addresses_stay_addresses(tmp_path: Path) -> None:
    assert resolve_source("s3:/shop/photos/") == resolve_source(Path("s3://shop/photos")) == "s3://shop/photos"
    assert resolve_source(tmp_path / "a/..") == str(tmp_path)
    assert local_source(tmp_path, cache=tmp_path) == tmp_path
    with pytest.raises(UsageError, match="is not an address"):
        resolve_source("s3://")


def test_a_run_is_named_after_the_last_part_of_the_address(tmp_path: Path) -> None:
    run = Run.create("s3://shop/photos/fruits", name=None, runs=tmp_path, resume=False, config={})
    assert run.folder.name == "fruits-1"
    assert run.facts["source"] == "s3://shop/photos/fruits"
    assert Run.create("s3://shop", name=None, runs=tmp_path, resume=False, config={}).folder.name == "shop-1"
