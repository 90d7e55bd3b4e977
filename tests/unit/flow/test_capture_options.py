"""Options of `discern serve --capture`."""

from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest

from discern.errors import UsageError
from discern.flow.serve import capture_config


def test_without_a_store_nothing_is_captured() -> None:
    assert capture_config(None) is None


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ({"pictures": "p"}, "--capture-pictures"),
        ({"spool": "s"}, "--capture-spool"),
        ({"sample": "all"}, "--capture-sample"),
        ({"days": 3}, "--capture-days"),
        ({"gb": 3}, "--capture-gb"),
        ({"no_pictures": True}, "--no-pictures"),
    ],
)
def test_an_option_without_a_store_is_an_error(option: dict[str, Any], name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} has no effect without --capture"):
        capture_config(None, **option)


def test_paths_are_absolute_and_addresses_are_kept(tmp_path: Path) -> None:
    with chdir(tmp_path):
        local = capture_config("kept", pictures="pictures", spool="spool")
    assert local is not None
    assert (local.store, local.pictures) == (str(tmp_path / "kept"), str(tmp_path / "pictures"))
    assert local.spool_folder == tmp_path / "spool"
    remote = capture_config("postgresql://me@host/kept", pictures="s3://bucket/kept/")
    assert remote is not None
    assert (remote.store, remote.pictures) == ("postgresql://me@host/kept", "s3://bucket/kept")


@pytest.mark.parametrize(
    ("given", "sample"), [(None, 1.0), ("all", 1.0), ("doubtful", "doubtful"), ("0.1", 0.1), (0.5, 0.5)]
)
def test_a_sample_is_a_word_or_a_rate(given: Any, sample: Any) -> None:
    config = capture_config("kept", sample=given)
    assert config is not None
    assert config.sample == sample


@pytest.mark.parametrize("options", [{"sample": "some"}, {"sample": "0"}, {"sample": "nan"}, {"days": -1}, {"gb": 0}])
def test_a_value_out_of_range_is_an_error(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="Invalid"):
        capture_config("kept", **options)


def test_a_place_for_pictures_that_are_not_kept_is_an_error() -> None:
    with pytest.raises(UsageError, match="--no-pictures"):
        capture_config("postgresql://host/kept", pictures="p", no_pictures=True)
