import pytest

from discern.catalog.formats.listing.path_spellings import folded_parts, is_remote, path_parts, spellings


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("images/a.png", ("images", "a.png")),
        ("images\\a.png", ("images", "a.png")),
        ("./images//a.png", ("images", "a.png")),
        ("../../images/a.png", ("images", "a.png")),
        ("C:\\Users\\me\\a b.png", ("Users", "me", "a b.png")),
        ("\\\\?\\C:\\me\\a.png", ("me", "a.png")),
        ("\\\\server\\share\\a.png", ("server", "share", "a.png")),
        ("/home/me/a.png", ("home", "me", "a.png")),
        ("~/a.png", ("a.png",)),
        ("file:///home/me/a%20b.png", ("home", "me", "a b.png")),
        ("file:///C:/me/a.png", ("me", "a.png")),
        ("file://localhost/me/a.png", ("me", "a.png")),
        ("https://host/x/a%20b.png?size=1#top", ("x", "a b.png")),
        ("s3://bucket/x/a.png", ("x", "a.png")),
        ("..", ()),
    ],
)
def test_parts_of_paths_as_people_write_them(path, parts):
    assert path_parts(path) == parts


def test_spellings_begin_with_the_path_as_written():
    assert spellings("a%20b\\c.png") == ("a%20b\\c.png", "a%20b/c.png", "a b/c.png")
    assert spellings("file:///C:/a.png")[2] == "C:/a.png"
    assert len({*spellings("a/b.png")}) == 1


def test_the_number_of_parts_is_limited():
    assert len(path_parts("x/" * 100_000 + "1.jpg")) == 64


def test_folded_parts_ignore_case_unicode_form_and_blanks():
    assert folded_parts("A/e\u0301 .PNG") == folded_parts("a/\u00e9 .png") == folded_parts(" a/\u00c9 .png ")


@pytest.mark.parametrize(
    ("path", "remote"), [("s3://b/1", True), ("https://a/1", True), ("file:///a", False), ("C:/a", False)]
)
def test_urls_of_local_files_are_not_remote(path, remote):
    assert is_remote(path) == remote
