"""`discern.read`: the table that `check` and `train` work on, in Python."""

import shutil
import sys
from inspect import signature
from types import ModuleType
from typing import Any

import polars as pl
import pytest

import discern
from discern.catalog import COLUMNS, Catalog
from discern.errors import CatalogError, FixesError, UsageError
from discern.flow.read import read
from discern.flow.source_options import SourceKeywords
from tests.integration.workspace import Workspace
from tests.unit.display.shown import read_html
from tests.unit.reporting.factories import HOSTILE


@pytest.fixture
def pictures(shared_workspace: Workspace) -> Catalog:
    return read(shared_workspace.photos, cache=shared_workspace.cache)


def test_it_is_the_table_that_check_writes(shared_workspace: Workspace, pictures: Catalog) -> None:
    run = shared_workspace.check(shared_workspace.photos).run
    stored = pl.read_parquet(run / "catalog.parquet")
    assert pictures.table.equals(stored)
    assert list(pictures.table.columns) == list(COLUMNS)
    assert (len(pictures), pictures.labels) == (36, ("blue", "green", "red"))
    assert isinstance(pictures, discern.Catalog)


def test_nothing_is_written_but_the_cache(workspace: Workspace) -> None:
    folder = workspace.some("few", blue=2, red=2)
    before = sorted(workspace.folder.rglob("*"))
    read(folder, cache=workspace.cache)
    assert [path for path in sorted(workspace.folder.rglob("*")) if path not in before] == sorted(
        [workspace.cache, *workspace.cache.rglob("*")]
    )


def test_the_options_are_those_of_check(workspace: Workspace) -> None:
    for part in ("early", "late"):
        workspace.some(f"odd/{part}", blue=2, red=2)
    source, parts = workspace.folder / "odd", {"train": "early", "test": "late"}
    found = read(source, parts_of=parts, group_by="[0-9]+", cache=workspace.cache)
    stored = pl.read_parquet(workspace.check(source, parts_of=parts, group_by="[0-9]+").run / "catalog.parquet")
    assert found.table.equals(stored)
    assert set(found.table["part"]) == {"train", "test"}
    with pytest.raises(CatalogError):
        read(source, cache=workspace.cache)
    with pytest.raises(UsageError, match="unknown"):
        read(source, parts_of={"unknown": "early"}, cache=workspace.cache)


def test_each_option_of_a_source_reaches_it() -> None:
    assert set(SourceKeywords.__annotations__) <= set(signature(discern.check).parameters)
    with pytest.raises(TypeError, match="part_of"):
        read(".", part_of={})  # type: ignore[call-arg]


def test_fixes_and_an_order_are_applied(workspace: Workspace) -> None:
    folder = workspace.some("few", blue=2, red=2)
    fixes = workspace.folder / "fixes.csv"
    first = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))[0]
    fixes.write_text(f"path,action,value\n{first},drop,\n")
    found = read(folder, fixes=fixes, ordered=["red", "blue"], cache=workspace.cache)
    assert (len(found), found.labels) == (3, ("red", "blue"))
    assert first not in found.table["path"]
    with pytest.raises(FixesError):
        read(folder, fixes=workspace.folder / "none.csv", cache=workspace.cache)


def test_classes_are_chosen_and_aliases_replaced(workspace: Workspace) -> None:
    folder, names = workspace.some("few", blue=2, red=2, green=2), workspace.folder / "names.csv"
    names.write_text("label,name,alias\nRot,Rot,red\n")
    found = read(folder, classes="red,blue", names=names, cache=workspace.cache)
    assert (found.labels, len(found.left_out)) == (("Rot", "blue"), 2)
    assert "files left out 2" in read_html(found._repr_html_()).text


def test_progress_is_reported(workspace: Workspace) -> None:
    folder = workspace.some("few", blue=2)
    stages: list[tuple[str, int]] = []
    read(folder, cache=workspace.cache, progress=lambda stage, done, total: stages.append((stage, done)))
    assert stages == [("scanning pictures", 2)]


def test_the_text_is_short_and_the_card_has_pictures(pictures: Catalog) -> None:
    assert repr(pictures) == f"Catalog(root={str(pictures.root)!r}, files=36, labels=3)"
    page = read_html(pictures._repr_html_())
    assert "36" in page.text
    assert {"blue", "green", "red"} <= {image["alt"] for image in page.all("img")}
    assert all(image["src"].startswith("data:image/jpeg;base64,") for image in page.all("img"))


def test_hostile_names_are_escaped_and_files_left_out_are_counted(workspace: Workspace) -> None:
    folder = workspace.some("few", blue=3)
    label = HOSTILE.replace("/", "")
    shutil.copytree(folder / "blue", folder / label)
    (folder / "blue" / "text.jpg").write_text("no picture")
    text = read_html(read(folder, cache=workspace.cache)._repr_html_()).text
    assert label in text
    assert "unreadable files 1" in text


def test_without_pandas_the_remedy_is_named(pictures: Catalog) -> None:
    present = sys.modules.pop("pandas", None)
    sys.modules["pandas"] = None  # type: ignore[assignment] - imports of it fail
    try:
        with pytest.raises(UsageError, match="pip install pandas"):
            pictures.to_pandas()
    finally:
        del sys.modules["pandas"]
        if present is not None:
            sys.modules["pandas"] = present


def test_pandas_gets_arrays_and_no_pyarrow_is_needed(pictures: Catalog) -> None:
    stand_in = ModuleType("pandas")
    vars(stand_in)["DataFrame"] = dict
    present = sys.modules.pop("pandas", None)
    sys.modules["pandas"] = stand_in
    try:
        frame: Any = pictures.to_pandas()
    finally:
        del sys.modules["pandas"]
        if present is not None:
            sys.modules["pandas"] = present
    assert list(frame) == list(COLUMNS)
    assert frame["path"] == pictures.table["path"].to_list()
    assert frame["bytes"].tolist() == pictures.table["bytes"].to_list()
    assert frame["error"] == [None] * 36
    assert "pyarrow" not in sys.modules


def test_a_path_that_is_none_is_an_error() -> None:
    with pytest.raises(UsageError):
        read("")
    with pytest.raises(UsageError, match="URL"):
        read("https://example.org/photos")
