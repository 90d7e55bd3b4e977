from discern.catalog.formats.read_items import archive_of, read_items
from discern.errors import PictureError, UnreadableFile
from discern.picture import Limits
from tests.unit.catalog.factories import write_files, write_zip


def read(root, paths: list[str]) -> list[tuple[str, bytes | type[PictureError]]]:
    found: list[tuple[str, bytes | type[PictureError]]] = []
    for item in read_items(root, paths, limits=Limits()):
        try:
            found.append((item.path, item.load()))
        except PictureError as error:
            found.append((item.path, type(error)))
    return found


def test_files_are_in_the_given_order_and_members_in_storage_order(folder):
    write_files(folder, {"b": b"b", "a": b"a"})
    write_zip(folder / "z.zip", {"2": b"2", "1": b"1", "3": b"3"})
    paths = ["z.zip!/1", "b", "z.zip!/2", "a"]
    assert read(folder, paths) == [("b", b"b"), ("a", b"a"), ("z.zip!/2", b"2"), ("z.zip!/1", b"1")]


def test_missing_files_and_members_are_errors(folder):
    write_zip(folder / "z.zip", {"1": b"1"})
    paths = ["absent", "z.zip!/9", "no.zip!/1"]
    assert read(folder, paths) == [
        ("absent", UnreadableFile),
        ("no.zip!/1", UnreadableFile),
        ("z.zip!/9", UnreadableFile),
    ]


def test_the_archive_of_a_path_is_found(folder):
    write_files(folder, {"wow!/z.zip": b"", "wow!/in!/a": b"", "x!": b""})
    assert archive_of(folder, "a/b") == ""
    assert archive_of(folder, "wow!/in!/a") == ""
    assert archive_of(folder, "wow!/z.zip!/q!/a") == "wow!/z.zip"
    assert archive_of(folder, "x!!/a") == "x!"
