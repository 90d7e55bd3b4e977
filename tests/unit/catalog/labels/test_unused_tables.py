from discern.catalog.labels.unused_tables import explain_unused_tables
from discern.catalog.scanned_file import ScannedFile
from tests.unit.catalog.factories import write_files, write_zip


def explained(root, *names: str) -> list[str]:
    error = {"csv": "not_a_picture", "lsx": "not_a_picture"}
    files = [ScannedFile(path=name, error=error.get(name[-3:])) for name in names]
    return list(explain_unused_tables(root, files))


def test_a_table_of_the_pictures_is_named_with_the_remedy(tmp_path):
    write_files(tmp_path, {"in/breeds.csv": b"id,breed\n1,cat\n2,dog\n3,\n"})
    (note,) = explained(tmp_path, "in/breeds.csv", "in/train/1.png", "in/train/2.png", "in/train/3.png")
    assert note == (
        "in/breeds.csv has labels for 2 of the 3 pictures: to use them, pass this list itself, or rename it to "
        "metadata.csv."
    )


def test_a_table_in_an_archive_is_renamed(tmp_path):
    write_zip(tmp_path / "a.zip", {"t.csv": b"path,label\n1.png,cat\n"})
    (note,) = explained(tmp_path, "a.zip!/t.csv", "a.zip!/1.png")
    assert note.endswith("to use them, rename it to metadata.csv.")


def test_columns_that_are_not_understood_are_named(tmp_path):
    write_files(tmp_path, {"t.csv": b"path,colour\n1.png,red\n"})
    (note,) = explained(tmp_path, "t.csv", "1.png")
    assert "its columns are path, colour" in note


def test_other_tables_say_nothing(tmp_path):
    write_files(tmp_path, {"t.csv": b"path,label\nq.png,red\n"})
    assert explained(tmp_path, "t.csv", "1.png", "absent.csv") == []


def test_a_spreadsheet_is_named(tmp_path):
    (note,) = explained(tmp_path, "labels.xlsx", "1.png")
    assert note.startswith("labels.xlsx is a spreadsheet")
