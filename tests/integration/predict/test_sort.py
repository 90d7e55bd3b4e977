"""`discern predict --sort`: every picture copied to the folder of its prediction, and the copies removed again."""

import csv
import json
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from discern import sort, unsort
from discern.bundle import load
from discern.errors import RunError, UsageError
from discern.flow.predict.sort import SortResult
from tests.e2e.server_process import call_here
from tests.unit.bundle.factories import plain, write_small

SHADES = {"sure.png": (200, 0, 0), "torn.png": (128, 0, 0), "white.png": (255, 255, 255)}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("bundle") / "model.discern")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for place in (folder, folder / "deep"):
        place.mkdir()
        for name, colour in SHADES.items():
            Image.fromarray(plain(*colour)).save(place / name)
    (folder / "bad.jpg").write_text("no picture")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def read_list(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="") as file:
        return {row["original"]: row for row in csv.DictReader(file)}


def expected_folder(bundle: Path, path: Path) -> str:
    prediction = load(bundle)(path)
    return {"accept": prediction.label, "review": "_review", "unknown": "_unknown"}[prediction.decision]


def test_each_picture_is_copied_to_the_folder_of_its_prediction(bundle: Path, photos: Path, tmp_path: Path) -> None:
    before = contents(photos)
    result = sort(bundle, photos, tmp_path / "sorted")
    assert contents(photos) == before
    rows = read_list(result.undo)
    assert len(rows) == len(before)
    for path in photos.rglob("*.png"):
        copy = rows[str(path)]["copy"]
        assert copy.split("/")[0] == expected_folder(bundle, path)
        assert (tmp_path / "sorted" / copy).read_bytes() == path.read_bytes()
    assert len({row["copy"] for row in rows.values()}) == len(before)
    bad = rows[str(photos / "bad.jpg")]
    assert (bad["copy"], bad["error"]) == ("", "not_a_picture")
    assert (sum(result.copied.values()), result.unusable) == (6, 1)
    assert set(result.copied) == {"red", "_review", "_unknown"}


def test_the_list_removes_the_copies_and_spares_edited_ones(bundle: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "sorted"
    result = sort(bundle, photos, out)
    edited, missing = sorted(path for path in out.rglob("*.png"))[:2]
    edited.write_bytes(b"edited")
    missing.unlink()
    (out / "note.txt").write_text("mine")
    undone = unsort(result.undo)
    assert (undone.removed, undone.changed) == (4, (edited.relative_to(out).as_posix(),))
    assert undone.missing == (missing.relative_to(out).as_posix(),)
    assert set(contents(out)) == {"undo.csv", "note.txt", undone.changed[0]}
    edited.unlink()
    unsort(result.undo)
    assert set(contents(out)) == {"note.txt"}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_folder_or_copy_that_became_a_link_is_not_followed(bundle: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "sorted"
    result = sort(bundle, photos, out)
    folder, other = (out / name for name in sorted(result.copied)[:2])
    precious = tmp_path / "precious"
    folder.rename(precious)
    folder.symlink_to(precious)
    copy = sorted(other.iterdir())[0]
    copy.rename(tmp_path / "kept.png")
    copy.symlink_to(tmp_path / "kept.png")
    kept = contents(precious)
    undone = unsort(result.undo)
    assert contents(precious) == kept
    assert (tmp_path / "kept.png").is_file()
    assert len(undone.missing) == len(kept) + 1
    assert undone.removed == 6 - len(undone.missing)


def test_unsorting_leaves_nothing(bundle: Path, photos: Path, tmp_path: Path) -> None:
    result = sort(bundle, photos, tmp_path / "sorted")
    assert unsort(result.undo).removed == 6
    assert not (tmp_path / "sorted").exists()


def test_an_interrupted_sort_is_resumed(bundle: Path, photos: Path, tmp_path: Path) -> None:
    whole = sort(bundle, photos, tmp_path / "whole")

    def interrupt(stage: str, done: int, total: int | None) -> None:
        if (stage, done) == ("copy", 3):
            raise KeyboardInterrupt

    out = tmp_path / "sorted"
    with pytest.raises(KeyboardInterrupt):
        sort(bundle, photos, out, progress=interrupt)
    assert not (out / "undo.csv").exists()
    resumed = sort(bundle, photos, out)
    assert (resumed.resumed, resumed.copied) == (7, whole.copied)
    assert contents(out) == contents(tmp_path / "whole")


def test_members_of_an_archive_are_copied(bundle: Path, photos: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for path in photos.rglob("*.png"):
            archive.write(path, path.relative_to(photos))
    result = sort(bundle, tmp_path / "photos.zip", tmp_path / "sorted")
    assert sum(result.copied.values()) == 6
    assert set(contents(tmp_path / "sorted").values()) > {path.read_bytes() for path in photos.rglob("*.png")}


def test_labels_that_look_like_the_folders_of_decisions_keep_their_own(tmp_path: Path, photos: Path) -> None:
    bundle = write_small(tmp_path / "model.discern", labels=("../_Review", "_review"))
    result = sort(bundle, photos, tmp_path / "sorted")
    accepted = {row["copy"].split("/")[0] for row in read_list(result.undo).values() if row["decision"] == "accept"}
    assert accepted
    assert not accepted & {"_review", "_unknown", "..", "_Review"}


def test_folders_that_cannot_take_the_copies_are_refused(bundle: Path, photos: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is inside"):
        sort(bundle, photos, photos / "sorted")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note.txt").write_text("mine")
    with pytest.raises(RunError, match="is not empty"):
        sort(bundle, photos, tmp_path / "full")
    assert set(contents(tmp_path / "full")) == {"note.txt"}
    with pytest.raises(UsageError, match="Standard input"):
        sort(bundle, "-", tmp_path / "sorted")


@pytest.mark.parametrize("copy", ["../photos/sure.png", "/etc/passwd", "a/../b.png", "a/b/c.png", "..\\a/b.png"])
def test_a_list_with_paths_of_other_folders_is_refused(copy: str, photos: Path, tmp_path: Path) -> None:
    row = [copy, "x", "accept", "red", "0.9", "0" * 64, ""]
    head = "copy,original,decision,label,confidence,sha256,error"
    (tmp_path / "undo.csv").write_text(f"{head}\n{','.join(row)}\n")
    with pytest.raises(UsageError, match="not the list"):
        unsort(tmp_path / "undo.csv")


@pytest.mark.parametrize("content", ["", "path,label\na,b\n", "\x00\xff"])
def test_other_files_are_not_lists(content: str, tmp_path: Path) -> None:
    (tmp_path / "undo.csv").write_text(content, encoding="latin-1")
    with pytest.raises(UsageError, match="not the list"):
        unsort(tmp_path / "undo.csv")


def test_the_command_prints_what_was_copied_and_how_to_undo_it(bundle: Path, photos: Path, tmp_path: Path) -> None:
    called = call_here(tmp_path, ("predict", bundle, "photos", "--sort", "sorted", "--json"))
    printed = json.loads(called.out)
    assert called.code == 0
    assert (
        printed
        == SortResult(copied=printed["copied"], undo=tmp_path / "sorted" / "undo.csv", unusable=1, resumed=0).to_json()
    )
    assert sum(printed["copied"].values()) == 6
    undone = call_here(tmp_path, ("unsort", "sorted/undo.csv"))
    assert (undone.code, undone.out.strip()) == (0, "6 copies removed")
    assert call_here(tmp_path, ("predict", bundle, "photos", "--sort", "s", "--out", "o.csv")).code == 2
