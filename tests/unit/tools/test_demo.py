"""The demo: planted flaws are real, and findings are counted strictly."""

from pathlib import Path

import pytest
from tools import demo

from discern.errors import EmptyFile, NotAPicture, PictureError, PictureTooLarge, TruncatedPicture
from discern.picture import open_picture, read_file, read_header

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def flawed(tmp_path_factory) -> tuple[Path, list[demo.Flaw]]:
    return demo.write_flawed_digits(tmp_path_factory.mktemp("demo") / "digits")


def planted(flawed, text: str) -> list[Path]:
    folder, flaws = flawed
    (flaw,) = (flaw for flaw in flaws if text in flaw.name)
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
def test_each_unreadable_file_has_its_own_error(flawed, words, kind: type[PictureError]):
    (path,) = planted(flawed, words)
    with pytest.raises(kind):
        open_picture(read_file(path))


def test_the_misnamed_file_is_a_png(flawed):
    (path,) = planted(flawed, "PNG named .jpg")
    assert path.suffix == ".jpg"
    assert read_header(path.read_bytes()).format == "PNG"


def test_planted_leaks_are_copies_of_training_pictures(flawed):
    folder, _ = flawed
    for path in planted(flawed, "copied into the test part"):
        original = folder / "train" / path.parent.name / path.name.removeprefix("again-")
        assert path.parent.parent.name == "test"
        assert path.read_bytes() == original.read_bytes()


def test_the_label_conflict_is_one_picture_with_two_labels(flawed):
    folder, _ = flawed
    (path,) = planted(flawed, "another label")
    (original,) = folder.glob(f"train/*/{path.name.removeprefix('also-')}")
    assert original.parent != path.parent
    assert original.read_bytes() == path.read_bytes()


def test_patterns_are_readable_and_distinct(tmp_path):
    demo.write_patterns(tmp_path / "patterns")
    pictures = {open_picture(read_file(path)).tobytes() for path in (tmp_path / "patterns").iterdir()}
    assert len(pictures) == 20


def test_a_flaw_counts_as_found_by_its_own_check_alone(capsys):
    flaws = [
        demo.Flaw(name="two copies", check="exact_copy", paths=("a.png", "b.png")),
        demo.Flaw(name="one empty", check="unreadable", paths=("c.png",)),
    ]
    found = [
        ("exact_copy", {"z.png", "a.png"}),
        ("near_copy", {"b.png"}),
        ("exact_copy", {"c.png"}),
        ("odd", {"d.png"}),
    ]
    demo.print_recall(flaws, found)
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line[:1] == " "]
    assert [(row[0], row[-1]) for row in rows] == [("2", "1"), ("1", "0"), ("0", "1")]


def test_read_fixes(tmp_path):
    path = tmp_path / "fixes.csv"
    path.write_text('path,action,value,with,score,why\na.png,drop,,b.png,1.0,"exact_copy: the same, twice"\n', "utf-8")
    assert demo.read_fixes(path) == [("exact_copy", {"a.png", "b.png"})]
