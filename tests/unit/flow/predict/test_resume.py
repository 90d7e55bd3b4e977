"""What was answered before is known again by its file; what changed, went, came or could not be read is not."""

import os
import zipfile
from pathlib import Path

import polars as pl
import pytest

from discern.flow.predict.resume import ResumePlan
from discern.flow.predict.sources import open_inputs
from discern.picture import Limits

LATER = 1_900_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / name).write_text(name)
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr("1.jpg", "1")
        archive.writestr("2.jpg", "2")
    return tmp_path


ALL = ["a.jpg", "b.jpg", "c.jpg", "d.zip!/1.jpg", "d.zip!/2.jpg"]
SCHEMA = dict.fromkeys(("at", "mark", "error"), pl.String)


def gone_through(source: Path, before: pl.DataFrame | None = None) -> tuple[ResumePlan, list[str]]:
    """A course to its end, and what it left to be answered."""
    course = ResumePlan(open_inputs([str(source)], Limits()), pl.DataFrame(schema=SCHEMA) if before is None else before)
    return course, [item.path for item in course.left()]


def kept(course: ResumePlan, **errors: str) -> pl.DataFrame:
    rows = [(at, mark, errors.get(at.partition(".")[0])) for at, mark in course.marks.items()]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def again(folder: Path, course: ResumePlan, **errors: str) -> list[str]:
    return gone_through(folder, kept(course, **errors))[1]


def test_all_is_answered_once(folder: Path) -> None:
    course, left = gone_through(folder)
    assert left == list(course.marks) == ALL
    second, left = gone_through(folder, kept(course))
    assert (left, second.kept, second.marks) == ([], 5, course.marks)


def test_what_changed_is_answered_anew(folder: Path) -> None:
    course, _ = gone_through(folder)
    (folder / "a.jpg").write_text("longer")
    os.utime(folder / "c.jpg", (LATER, LATER))
    assert again(folder, course) == ["a.jpg", "c.jpg"]


def test_an_archive_that_changed_is_answered_anew(folder: Path) -> None:
    course, _ = gone_through(folder)
    os.utime(folder / "d.zip", (LATER, LATER))
    assert again(folder, course) == ALL[3:]


def test_what_came_has_its_place_and_what_went_has_none(folder: Path) -> None:
    course, _ = gone_through(folder)
    (folder / "bb.jpg").touch()
    (folder / "c.jpg").unlink()
    second, left = gone_through(folder, kept(course))
    assert (left, list(second.marks)) == (["bb.jpg"], ["a.jpg", "b.jpg", "bb.jpg", *ALL[3:]])


def test_what_could_not_be_read_is_tried_again(folder: Path) -> None:
    course, _ = gone_through(folder)
    assert again(folder, course, a="unreadable_file", b="damaged") == ["a.jpg"]


def test_what_was_not_there_is_tried_again(folder: Path) -> None:
    (folder / "list.csv").write_text(f"path\na.jpg\n{folder}/b.jpg\nnone.jpg\nd.zip!/2.jpg\n")
    course, left = gone_through(folder / "list.csv")
    assert set(left) == {"a.jpg", f"{folder}/b.jpg", "none.jpg", "d.zip!/2.jpg"}
    assert again(folder / "list.csv", course) == ["none.jpg"]


def test_a_name_of_odd_bytes_is_known_again(folder: Path) -> None:
    (folder / "caf\udce9.jpg").touch()
    course, left = gone_through(folder)
    assert len(left) == 6
    assert again(folder, course) == []


def test_a_name_that_an_archive_has_twice_is_read_twice_and_counts_once(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("1.jpg", "old")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("1.jpg", "new")
    course, left = gone_through(tmp_path / "a.zip")
    assert (left, list(course.marks)) == (["a.zip!/1.jpg"] * 2, ["a.zip!/1.jpg"])
