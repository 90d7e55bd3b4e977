import polars as pl

from discern.catalog.formats.archive_source import ArchiveSource
from discern.catalog.labels.resolve import resolve_labels
from discern.catalog.scan_table import to_scanned_files, to_table
from discern.catalog.scanned_file import ScannedFile
from discern.picture import Limits
from tests.unit.catalog.factories import write_zip


def scanned(*paths: str) -> pl.DataFrame:
    return to_table(
        [ScannedFile(path=f"a.zip!/{path}", archive="a.zip", error=None if "png" in path else "x") for path in paths]
    )


def label(tmp_path, tables: dict[str, bytes], *paths: str) -> list[tuple[str, str | None]]:
    source = ArchiveSource(write_zip(tmp_path / "a.zip", tables), limits=Limits())
    return [
        (found.path[7:], found.label) for found in to_scanned_files(resolve_labels(source, scanned(*tables, *paths)))
    ]


def test_folders_label_pictures_without_a_table(tmp_path):
    assert label(tmp_path, {"x": b""}, "cat/1.png", "dog/2.png")[1:] == [("cat/1.png", "cat"), ("dog/2.png", "dog")]


def test_the_rows_of_a_single_matching_table_are_used(tmp_path):
    tables = {"in/t.csv": b"path,label\n1.png,x\nsub/9.png,y\n"}
    assert label(tmp_path, tables, "in/1.png", "in/2.png") == [("in/1.png", "x"), ("in/sub/9.png", "y")]


def test_two_tables_are_ignored(tmp_path):
    tables = {"t.csv": b"path,label\n1.png,x\n", "u.csv": b"path,label\n1.png,y\n"}
    assert ("1.png", None) in label(tmp_path, tables, "1.png")


def test_a_table_without_matching_members_is_ignored(tmp_path):
    assert len(label(tmp_path, {"t.csv": b"path,label\nq.png,x\n"}, "1.png", "2.png")) == 3


def test_ids_in_a_table_are_names_in_another_folder(tmp_path):
    tables = {"labels.csv": b"id,breed\n1, x \n2,y\n3,y\n"}
    assert label(tmp_path, tables, "train/1.png", "train/2.png", "train/3.png") == [
        ("train/1.png", "x"),
        ("train/2.png", "y"),
        ("train/3.png", "y"),
    ]


def test_a_table_without_labels_leaves_the_folders(tmp_path):
    tables = {"t.csv": b"path,width\ncat/1.png,9\n"}
    assert label(tmp_path, tables, "cat/1.png")[1:] == [("cat/1.png", "cat")]


def test_files_without_a_row_are_left_out_with_a_reason(tmp_path):
    source = ArchiveSource(write_zip(tmp_path / "a.zip", {"t.csv": b"path,label\n1.png,x\n"}), limits=Limits())
    resolve_labels(source, scanned("t.csv", "1.png", "2.png"))
    assert [(left.path, left.reason) for left in source.left_out] == [
        ("a.zip!/t.csv", "not_a_picture"),
        ("a.zip!/2.png", "no_label"),
    ]


def test_tables_are_explained_where_pictures_have_no_labels(tmp_path):
    tables = {"t.csv": b"path,label\n1.png,x\n", "u.csv": b"path,colour\n1.png,y\n"}
    source = ArchiveSource(write_zip(tmp_path / "a.zip", tables), limits=Limits())
    resolve_labels(source, scanned(*tables, "1.png"))
    assert [note.split(":")[0].split(" has ")[0] for note in source.notes] == ["a.zip!/t.csv", "a.zip!/u.csv"]
