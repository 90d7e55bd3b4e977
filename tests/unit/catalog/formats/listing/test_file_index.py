from discern.catalog.formats.listing import file_index
from discern.catalog.formats.listing.file_index import FileIndex, files_below
from tests.unit.catalog.factories import write_files


def test_an_exact_name_takes_precedence_over_other_spellings():
    index = FileIndex(["a/X.png", "a/x.png", "b/Y.PNG"])
    assert index.find("a/X.png") == ("a/X.png",)
    assert index.find("a/x.png") == ("a/x.png",)
    assert index.find("A/x.PNG") == ("a/X.png", "a/x.png")
    assert index.find("B/y.png") == ("b/Y.PNG",)


def test_unicode_forms_and_blanks_are_one_name():
    assert FileIndex(["cafe\u0301/1.png"]).find("caf\u00e9/1.png") == ("cafe\u0301/1.png",)
    assert FileIndex([" 1 .png"]).find("1 .png") == (" 1 .png",)


def test_a_name_without_suffix_is_that_of_a_picture():
    index = FileIndex(["in/1.jpg", "in/2.JPEG", "in/3.jpg", "in/3.png", "in/4.txt", "in/a.b.png", "in/5", "in/5.png"])
    names = ["1", "2", "3", "4", "a.b", "5"]
    expected = [("in/1.jpg",), ("in/2.JPEG",), ("in/3.jpg", "in/3.png"), (), ("in/a.b.png",), ("in/5",)]
    assert [index.find(f"in/{name}") for name in names] == expected
    assert index.find_below(["1"]) == ("in/1.jpg",)
    assert index.find("1.png") == ()


def test_files_are_found_by_the_end_of_their_path():
    index = FileIndex(["a/x/1.png", "b/x/1.png", "b/y/2.png"])
    assert index.find_below(["2.png"]) == index.find_below(["y", "2.png"]) == ("b/y/2.png",)
    assert index.find_below(["x", "1.png"]) == ("a/x/1.png", "b/x/1.png")
    assert index.find_below(["b", "x", "1.png"]) == ("b/x/1.png",)
    assert index.find_below(["c", "b", "x", "1.png"]) == index.find("1.png") == ()


def test_the_number_of_files_is_limited():
    paths = (f"{number}.png" for number in range(file_index.MAX_FILES + 5))
    index = FileIndex(paths)
    assert not index.complete
    assert next(paths) == f"{file_index.MAX_FILES + 1}.png"
    assert FileIndex(["1.png"]).complete


def test_files_below_a_folder_are_walked_without_links_to_folders(tmp_path):
    write_files(tmp_path, {"a/1.png": b"", "b.png": b"", ".hidden/x.png": b"", "a/Thumbs.db": b""})
    (tmp_path / "a" / "up").symlink_to("..")
    assert list(files_below(tmp_path)) == ["b.png", "a/1.png"]
