"""The demo plants what it says, and counts what was found without kindness."""

from pathlib import Path

import pytest
from tools import demo

from discern.errors import EmptyFile, NotAPicture, PictureError, PictureTooLarge, TruncatedPicture
from discern.picture import open_picture, read_file, read_header


@pytest.fixture(scope="module")
def flawed(tmp_path_factory) -> tuple[Path, list[demo.Flaw]]:
    return demo.write_flawed_digits(tmp_path_factory.mktemp("demo") / "digits")


def planted(flawed, words: str) -> list[Path]:
    folder, flaws = flawed
    (flaw,) = (flaw for flaw in flaws if words in flaw.what)
    return [folder / path for path in flaw.paths]


def test_all_digits_are_there_and_every_planted_file_too(flawed):
    folder, flaws = flawed
    assert len(list(folder.glob("*/*/scan-*"))) == 1797
    assert sum(path.is_file() for path in folder.rglob("*")) == 1797 + 12 + 1 + 4
    assert all((folder / path).is_file() for flaw in flaws for path in flaw.paths)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("cut in half", TruncatedPicture),
        ("empty file", EmptyFile),
        ("claims 60,000 x 60,000", PictureTooLarge),
        ("text named .jpg", NotAPicture),
    ],
)
def test_each_unreadable_file_is_so_in_its_own_way(flawed, words, kind: type[PictureError]):
    (path,) = planted(flawed, words)
    with pytest.raises(kind):
        open_picture(read_file(path))


def test_the_lying_name_is_a_png_s(flawed):
    (path,) = planted(flawed, "PNG named .jpg")
    assert path.suffix == ".jpg"
    assert read_header(path.read_bytes()).format == "PNG"


def test_copies_are_of_training_pictures(flawed):
    folder, _ = flawed
    for path in planted(flawed, "copied into the test part"):
        original = folder / "train" / path.parent.name / path.name.removeprefix("again-")
        assert path.parent.parent.name == "test"
        assert path.read_bytes() == original.read_bytes()


def test_the_conflict_is_one_picture_under_two_labels(flawed):
    folder, _ = flawed
    (path,) = planted(flawed, "another label")
    (original,) = folder.glob(f"train/*/{path.name.removeprefix('also-')}")
    assert original.parent != path.parent
    assert original.read_bytes() == path.read_bytes()


def test_strangers_can_be_read_and_differ(tmp_path):
    demo.write_strangers(tmp_path / "strangers")
    seen = {open_picture(read_file(path)).tobytes() for path in (tmp_path / "strangers").iterdir()}
    assert len(seen) == 20


def test_only_the_right_check_and_file_count_as_found(capsys):
    flaws = [
        demo.Flaw(what="two copies", check="exact_copy", paths=("a.png", "b.png")),
        demo.Flaw(what="one empty", check="unreadable", paths=("c.png",)),
    ]
    found = [
        ("exact_copy", {"z.png", "a.png"}),
        ("near_copy", {"b.png"}),
        ("exact_copy", {"c.png"}),
        ("odd", {"d.png"}),
    ]
    demo.print_planted(flaws, found)
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line[:1] == " "]
    assert [(row[0], row[-1]) for row in rows] == [("2", "1"), ("1", "0"), ("0", "1")]


def test_fixes_are_read_as_checks_and_files(tmp_path):
    path = tmp_path / "fixes.csv"
    path.write_text('path,action,value,with,score,why\na.png,drop,,b.png,1.0,"exact_copy: the same, twice"\n', "utf-8")
    assert demo.read_fixes(path) == [("exact_copy", {"a.png", "b.png"})]
