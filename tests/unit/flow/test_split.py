"""`discern split`: whole groups in one part, written for other tools."""

import json
import shutil
from pathlib import Path

import pytest

from discern.errors import DataError, DiscernError, UsageError
from discern.flow.split import SplitResult
from tests.unit.flow.workspace import Desk


@pytest.fixture(scope="module")
def made(office: Desk) -> SplitResult:
    return office.split(office.photos, out=office.folder / "parts")


def test_every_picture_is_in_one_part(made: SplitResult) -> None:
    assert set(made.pictures) == {"train", "validation", "test"}
    assert sum(made.pictures.values()) == 36
    assert made.pictures["train"] > made.pictures["validation"] > made.pictures["test"] > 0


def test_the_folders_hold_what_was_counted(made: SplitResult) -> None:
    assert made.out is not None
    for part, count in made.pictures.items():
        assert len(list((made.out / part).glob("*/*.png"))) == count
        assert len((made.out / f"{part}.lst").read_text().splitlines()) == count


def test_the_proof_is_saved(made: SplitResult) -> None:
    saved = json.loads((made.run / "split.json").read_text())
    assert saved["proof"] == json.loads(json.dumps(made.proof))
    assert made.proof["holds"]


def test_json_has_every_key(made: SplitResult) -> None:
    plain = made.to_json()
    assert set(plain) == {"run", "out", "split", "pictures", "reason", "unjudged", "proof"}
    assert Path(plain["split"]).is_absolute()
    assert plain["reason"].endswith(".")


def test_without_out_nothing_is_written_beside_the_run(desk: Desk) -> None:
    before = {path.name for path in desk.folder.iterdir()} | {"photos", "cache", "runs"}
    assert desk.split(desk.photos).out is None
    assert {path.name for path in desk.folder.iterdir()} == before


def test_the_same_seed_gives_the_same_parts(desk: Desk, made: SplitResult) -> None:
    def parts(result: SplitResult) -> list[int]:
        return [json.loads((result.run / "split.json").read_text())[key] for key in ("part", "fold")]

    first, again, other = desk.split(desk.photos), desk.split(desk.photos), desk.split(desk.photos, seed=1)
    assert parts(first) == parts(again) != parts(other)


def test_copies_are_in_one_part(desk: Desk) -> None:
    folder = desk.some("copied", blue=8, red=8)
    for number in range(4):
        shutil.copy(desk.pictures("red")[0], folder / "red" / f"again{number}.png")
    out = desk.split(folder, out=desk.folder / "parts").out
    assert out is not None
    parts = {path.relative_to(out).parts[0] for path in out.rglob("again*.png")}
    assert len(parts) == 1


def test_a_folder_that_is_not_empty_is_refused(desk: Desk) -> None:
    with pytest.raises(UsageError, match="not empty"):
        desk.split(desk.photos, out=desk.folder)
    assert desk.kept() == []


@pytest.mark.parametrize("inside", ["", "parts", "red/parts"])
def test_parts_are_never_written_inside_the_source(desk: Desk, inside: str) -> None:
    with pytest.raises(UsageError, match="find each picture twice"):
        desk.split(desk.photos, out=desk.photos / inside)
    assert sorted(path.name for path in desk.photos.iterdir()) == ["blue", "green", "red"]


def test_pictures_without_labels_are_refused(desk: Desk) -> None:
    flat = desk.folder / "flat"
    shutil.copytree(desk.photos / "red", flat)
    with pytest.raises(DataError, match="label"):
        desk.split(flat)


def test_labels_that_cannot_be_split_are_named(desk: Desk) -> None:
    result = desk.split(desk.some("single", blue=1, red=5))
    assert result.unjudged == ("blue",)


def test_invalid_shares_are_refused(desk: Desk) -> None:
    with pytest.raises(DiscernError, match="shares"):
        desk.split(desk.photos, parts=(0, 0, 0))  # type: ignore[arg-type]
    assert desk.kept() == []
