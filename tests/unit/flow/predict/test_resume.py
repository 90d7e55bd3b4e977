"""Resumption: unchanged files are skipped; changed, new and unreadable ones are predicted."""

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


def followed(source: Path, before: pl.DataFrame | None = None) -> tuple[ResumePlan, list[str]]:
    """A plan followed to its end, and the pictures to predict."""
    plan = ResumePlan(open_inputs([str(source)], Limits()), pl.DataFrame(schema=SCHEMA) if before is None else before)
    return plan, [item.path for item in plan.remaining()]


def rows(plan: ResumePlan, **errors: str) -> pl.DataFrame:
    found = [(at, mark, errors.get(at.partition(".")[0])) for at, mark in plan.marks.items()]
    return pl.DataFrame(found, schema=SCHEMA, orient="row")


def again(folder: Path, plan: ResumePlan, **errors: str) -> list[str]:
    return followed(folder, rows(plan, **errors))[1]


def test_every_picture_is_predicted_once(folder: Path) -> None:
    plan, remaining = followed(folder)
    assert remaining == list(plan.marks) == ALL
    second, remaining = followed(folder, rows(plan))
    assert (remaining, second.skipped, second.marks) == ([], 5, plan.marks)


def test_changed_files_are_predicted_again(folder: Path) -> None:
    plan, _ = followed(folder)
    (folder / "a.jpg").write_text("longer")
    os.utime(folder / "c.jpg", (LATER, LATER))
    assert again(folder, plan) == ["a.jpg", "c.jpg"]


def test_a_changed_archive_is_predicted_again(folder: Path) -> None:
    plan, _ = followed(folder)
    os.utime(folder / "d.zip", (LATER, LATER))
    assert again(folder, plan) == ALL[3:]


def test_new_files_are_in_their_place_and_deleted_ones_dropped(folder: Path) -> None:
    plan, _ = followed(folder)
    (folder / "bb.jpg").touch()
    (folder / "c.jpg").unlink()
    second, remaining = followed(folder, rows(plan))
    assert (remaining, list(second.marks)) == (["bb.jpg"], ["a.jpg", "b.jpg", "bb.jpg", *ALL[3:]])


def test_unreadable_files_are_tried_again(folder: Path) -> None:
    plan, _ = followed(folder)
    assert again(folder, plan, a="unreadable_file", b="damaged") == ["a.jpg"]


def test_missing_files_are_tried_again(folder: Path) -> None:
    (folder / "list.csv").write_text(f"path\na.jpg\n{folder}/b.jpg\nnone.jpg\nd.zip!/2.jpg\n")
    plan, remaining = followed(folder / "list.csv")
    assert set(remaining) == {"a.jpg", f"{folder}/b.jpg", "none.jpg", "d.zip!/2.jpg"}
    assert again(folder / "list.csv", plan) == ["none.jpg"]


def test_a_name_that_is_not_utf_8_is_recognised(folder: Path) -> None:
    (folder / "caf\udce9.jpg").touch()
    plan, remaining = followed(folder)
    assert len(remaining) == 6
    assert again(folder, plan) == []


def test_a_duplicate_name_in_an_archive_is_read_twice_and_counts_once(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("1.jpg", "old")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("1.jpg", "new")
    plan, remaining = followed(tmp_path / "a.zip")
    assert (remaining, list(plan.marks)) == (["a.zip!/1.jpg"] * 2, ["a.zip!/1.jpg"])
