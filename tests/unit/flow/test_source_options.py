"""Options of a source are checked once, and applied by one scan."""

from pathlib import Path

import pytest
from PIL import Image

from discern.errors import CatalogError, UsageError
from discern.flow.prepare import PrepareConfig
from discern.flow.source_options import SourceKeywords, SourceOptions, scan_source
from discern.progress import silent


def write_pictures(root: Path, *paths: str) -> None:
    """Plain pictures, each of its own colour."""
    for number, path in enumerate(paths):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30), (40 * number % 255, 90, 200)).save(root / path)


def test_a_config_has_the_options_of_its_source(tmp_path: Path) -> None:
    reading = SourceKeywords(parts_of={"test": "b"}, group_by="x", classes="a, b")
    options = SourceOptions.checked(**reading)
    config = PrepareConfig.of(tmp_path, fixes=None, backbone="lite0", **reading)
    assert {name: getattr(config, name) for name in vars(options)} == vars(options)
    assert vars(options).items() <= config.to_json().items()


@pytest.mark.parametrize(
    "wrong", [{"parts_of": {"half": "a"}}, {"parts_of": {"test": ""}}, {"group_by": "("}, {"classes": " "}]
)
def test_wrong_options_are_refused_before_the_scan(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        SourceOptions.checked(**wrong)  # type: ignore[arg-type]


def test_a_scan_applies_the_options(tmp_path: Path) -> None:
    source = tmp_path / "photos"
    write_pictures(source, "a/film1_1.png", "a/film1_2.png", "b/film2_1.png", "b/film2_2.png")
    options = SourceOptions.checked(group_by=r"film\d+")
    catalog = scan_source(source, options, cache=tmp_path / "cache", progress=silent)
    assert catalog.table["group"].to_list() == ["film1", "film1", "film2", "film2"]


def test_only_a_strict_scan_refuses_a_doubtful_layout(tmp_path: Path) -> None:
    source = tmp_path / "photos"
    write_pictures(source, *(f"photos/{label}/{number}.png" for label in "ab" for number in range(3)))
    assert len(scan_source(source, cache=tmp_path / "cache", progress=silent)) == 6
    with pytest.raises(CatalogError):
        scan_source(source, cache=tmp_path / "cache", progress=silent, strict=True)
