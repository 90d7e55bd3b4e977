import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from discern.catalog import COLUMNS, Catalog
from discern.errors import CatalogError, UnreadableFile, UsageError
from discern.store import prune
from tests.unit.catalog.factories import picture, write_archive, write_files
from tests.unit.conftest import catalog_of


def make(rows: list[dict[str, object]], root: Path = Path()) -> Catalog:
    table = pl.DataFrame([dict.fromkeys(COLUMNS) | row for row in rows], schema=COLUMNS)
    return Catalog(root=root, table=table, thumbs=np.zeros((len(rows), 64, 64, 3), np.uint8))


@pytest.fixture
def catalog(folder, scan_source) -> Catalog:
    files = {f"{label}/{number}.png": picture(number) for label in "ab" for number in range(4)}
    return scan_source(write_files(folder, files | {"junk.txt": b"junk"}))


def test_labels_come_from_readable_pictures():
    catalog = make(
        [
            {"path": "1", "label": "10"},
            {"path": "2", "label": "9"},
            {"path": "3", "label": "8", "error": "empty"},
            {"path": "4", "label": "10", "error": "empty"},
            {"path": "5"},
        ]
    )
    assert catalog.labels == ("9", "10")
    assert catalog.label_index.tolist() == [1, 0, -1, -1, -1]
    assert catalog.label_index.dtype == np.int64
    assert catalog.readable.tolist() == [True, True, False, False, True]
    assert len(catalog) == 5


def test_no_labels_at_all():
    catalog = make([{"path": "1"}, {"path": "2"}])
    assert catalog.labels == ()
    assert catalog.label_index.tolist() == [-1, -1]


def test_other_columns_are_an_error():
    with pytest.raises(CatalogError, match="columns"):
        Catalog(root=Path(), table=pl.DataFrame({"path": ["a"]}), thumbs=np.zeros((1, 64, 64, 3), np.uint8))


def test_another_number_of_thumbnails_is_an_error(catalog):
    with pytest.raises(CatalogError, match="8 thumbnails for 9 files"):
        Catalog(root=catalog.root, table=catalog.table, thumbs=catalog.thumbs[:8])


@pytest.mark.parametrize("change", [{"path": "2"}, {"content": "x"}, {"label": "x"}, {"part": "x"}, {"group": "x"}])
def test_the_fingerprint_depends_on_each_input(change):
    before = {"path": "1", "content": "c", "label": "l", "part": "test", "group": "g"}
    assert make([before]).fingerprint != make([before | change]).fingerprint


def test_the_fingerprint_ignores_order_and_computed_columns():
    rows = [{"path": "1", "label": "a"}, {"path": "2", "label": "b"}]
    assert make(rows).fingerprint == make(rows[::-1]).fingerprint
    assert make(rows).fingerprint == make([row | {"width": 7, "message": "x"} for row in rows]).fingerprint


def test_the_fingerprint_is_stable():
    """Bundles store it, so it must be the same in every version."""
    fingerprint = make([{"path": "a/é.jpg", "content": "00", "label": "a"}]).fingerprint
    assert fingerprint == "b830fb782b8b610e9561b9ec5c9eeaa8c81934cb2ecad46462b77a29e5571c5d"


def test_read_yields_bytes_by_row(catalog):
    assert dict(catalog.read([5, 0])) == {5: picture(1), 0: picture(0)}
    assert [row for row, _ in catalog.read(np.array([6, 2, 4]))] == [6, 2, 4]
    assert list(catalog.read([])) == []
    assert catalog.read_one(3) == picture(3)
    assert catalog.file(3) == catalog.root / "a" / "3.png"


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_archives_are_read_in_storage_order(scan_source, tmp_path, suffix):
    path = write_archive(tmp_path / f"p{suffix}", {f"{number}.png": picture(number) for number in (3, 1, 2)})
    catalog = scan_source(path)
    assert list(catalog.read([0, 1, 2])) == [(2, picture(3)), (0, picture(1)), (1, picture(2))]
    assert catalog.read_one(1) == picture(2)
    assert catalog.file(1) is None


def test_folders_with_an_exclamation_mark_are_not_archives(folder, scan_source):
    catalog = scan_source(write_files(folder, {"wow!/1.png": picture(1)}))
    assert catalog.read_one(0) == picture(1)
    assert catalog.file(0) == folder / "wow!" / "1.png"


def test_a_changed_file_is_an_error(catalog):
    (catalog.root / "a" / "1.png").write_bytes(picture(99))
    with pytest.raises(CatalogError, match=r"a/1\.png has changed"):
        list(catalog.read([0, 1, 2]))


def test_a_changed_archive_is_an_error(scan_source, tmp_path):
    path = write_archive(tmp_path / "p.zip", {"1.png": picture(1), "2.png": picture(2)})
    catalog = scan_source(path)
    write_archive(path, {"1.png": picture(1), "2.png": picture(3)})
    with pytest.raises(CatalogError, match=r"2\.png has changed"):
        list(catalog.read([0, 1]))


def test_a_deleted_file_is_an_error(catalog):
    (catalog.root / "a" / "1.png").unlink()
    with pytest.raises(UnreadableFile, match=r"1\.png"):
        catalog.read_one(1)


def test_other_files_can_be_read_as_bytes(catalog):
    assert catalog.read_one(8) == b"junk"


def test_a_written_catalog_is_read_back(catalog, tmp_path):
    catalog.write(tmp_path / "c.parquet")
    again = Catalog.load(tmp_path / "c.parquet", cache=tmp_path / "cache")
    assert again.table.equals(catalog.table)
    assert again.root == catalog.root
    assert again.fingerprint == catalog.fingerprint
    assert np.array_equal(again.thumbs[:], catalog.thumbs[:])
    assert [path.name for path in tmp_path.glob("*.unfinished")] == []


def test_the_file_has_its_format_version(catalog, tmp_path):
    catalog.write(tmp_path / "c.parquet")
    assert json.loads(pl.read_parquet_metadata(tmp_path / "c.parquet")["discern"])["format"] == 4


@pytest.mark.parametrize(
    ("version", "newer"),
    [
        (1, ["sharpness", "camera", "peak", "missing_rows", "taken"]),
        (2, ["peak", "missing_rows", "taken"]),
        (3, ["taken"]),
    ],
)
def test_an_earlier_format_is_read_with_nulls_in_new_columns(catalog, tmp_path, version, newer):
    metadata = {"discern": json.dumps({"format": version, "root": str(catalog.root)})}
    catalog.table.drop(newer).write_parquet(tmp_path / "c.parquet", metadata=metadata)
    again = Catalog.load(tmp_path / "c.parquet", cache=tmp_path / "cache")
    assert dict(again.table.schema) == COLUMNS
    assert all(again.table[name].null_count() == len(again) for name in newer)
    assert again.table.drop(newer).equals(catalog.table.drop(newer))
    assert again.fingerprint == catalog.fingerprint


def test_missing_thumbnails_are_recomputed(catalog, tmp_path):
    catalog.write(tmp_path / "c.parquet")
    before = catalog.thumbs[:]
    prune(tmp_path / "cache", keep_bytes=0)
    assert np.array_equal(Catalog.load(tmp_path / "c.parquet", cache=tmp_path / "cache").thumbs[:], before)


def test_cached_thumbnails_need_no_pictures(catalog, tmp_path):
    catalog.write(tmp_path / "c.parquet")
    catalog.root.rename(tmp_path / "elsewhere")
    assert len(Catalog.load(tmp_path / "c.parquet", cache=tmp_path / "cache")) == 9


def test_missing_thumbnails_of_missing_pictures_are_an_error(catalog, tmp_path):
    catalog.write(tmp_path / "c.parquet")
    catalog.root.rename(tmp_path / "elsewhere")
    with pytest.raises(UnreadableFile):
        Catalog.load(tmp_path / "c.parquet", cache=tmp_path / "other")


def test_a_newer_format_is_an_error_with_a_remedy(catalog, tmp_path):
    metadata = {"discern": json.dumps({"format": 5, "root": "/"})}
    catalog.table.with_columns(new=1).write_parquet(tmp_path / "c.parquet", metadata=metadata)
    with pytest.raises(CatalogError, match=r"newer version.*Upgrade"):
        Catalog.load(tmp_path / "c.parquet", cache=tmp_path / "cache")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"junk" * 100])
def test_a_damaged_file_is_an_error(tmp_path, content):
    (tmp_path / "c.parquet").write_bytes(content)
    with pytest.raises(CatalogError, match="cannot be read as a catalog"):
        Catalog.load(tmp_path / "c.parquet", cache=tmp_path / "cache")


def test_another_parquet_file_is_an_error(tmp_path):
    pl.DataFrame({"path": ["a"]}).write_parquet(tmp_path / "c.parquet")
    with pytest.raises(CatalogError, match="cannot be read as a catalog"):
        Catalog.load(tmp_path / "c.parquet", cache=tmp_path / "cache")


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(CatalogError, match="cannot be read as a catalog"):
        Catalog.load(tmp_path / "absent.parquet", cache=tmp_path / "cache")


def test_an_unwritable_folder_is_an_error(catalog, tmp_path):
    with pytest.raises(CatalogError, match="cannot be written"):
        catalog.write(tmp_path / "absent" / "c.parquet")
    assert not os.path.lexists(tmp_path / "absent")


NUMBERS = [{"path": "1", "label": "10"}, {"path": "2", "label": "9"}, {"path": "3", "label": "-1"}]
NAMED = [{"path": "1", "label": "green"}, {"path": "2", "label": "ripe"}, {"path": "3", "label": "green"}]


def test_labels_can_be_given_an_order():
    turned = make(NAMED).ordered(["ripe", "green"])
    assert turned.labels == ("ripe", "green")
    assert turned.label_index.tolist() == [1, 0, 1]


def test_numbers_are_ordered_by_value():
    assert make(NUMBERS).ordered(["numeric"]).labels == ("-1", "9", "10")


@pytest.mark.parametrize("order", [["green"], ["numeric"], ["green", "green"], ["green", "ripe", "blue"], []])
def test_an_order_of_other_labels_is_an_error(order):
    with pytest.raises(UsageError, match=r"order|numbers"):
        make(NAMED).ordered(order)


@pytest.mark.parametrize(
    ("order", "difference"),
    [
        (["a", "c"], "(c unknown; b missing)"),
        (["a", "b", "c"], "(c unknown)"),
        (["b"], "(a missing)"),
        (["a", "b", "a"], "(a label is listed twice)"),
    ],
)
def test_an_order_of_other_labels_names_the_difference(order, difference):
    with pytest.raises(UsageError) as refused:
        catalog_of(["a", "b"]).ordered(order)
    assert difference in str(refused.value)


def test_negatives_have_no_class():
    rows = [{"path": "1", "label": "cat"}, {"path": "2", "label": "_other"}, {"path": "3"}]
    catalog = make([*rows, {"path": "4", "label": "_other", "error": "empty"}])
    assert catalog.labels == ("cat",)
    assert catalog.label_index.tolist() == [0, -1, -1, -1]
    assert catalog.negative.tolist() == [False, True, False, False]


def test_notes_are_kept_with_the_catalog(catalog, tmp_path):
    path = tmp_path / "catalog.parquet"
    replace(catalog, notes=("The labels are in b.",)).write(path)
    assert Catalog.load(path, cache=tmp_path / "cache").notes == ("The labels are in b.",)
    catalog.write(path)
    assert Catalog.load(path, cache=tmp_path / "cache").notes == ()
