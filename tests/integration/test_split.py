"""`discern split`: whole groups in one part, written for other tools."""

import json
import shutil
from pathlib import Path

import pytest

from discern.cli import render
from discern.errors import DataError, DiscernError, UsageError
from discern.flow.split import SplitResult
from tests.integration.workspace import ACCOUNT_KEYS, Workspace


@pytest.fixture(scope="module")
def made(shared_workspace: Workspace) -> SplitResult:
    return shared_workspace.split(shared_workspace.photos, out=shared_workspace.folder / "parts")


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
    assert set(plain) == {*ACCOUNT_KEYS, "run", "out", "split", "pictures", "reason", "unjudged", "unused", "proof"}
    assert Path(plain["split"]).is_absolute()
    assert plain["reason"].endswith(".")


def test_without_out_nothing_is_written_outside_the_run(workspace: Workspace) -> None:
    before = {path.name for path in workspace.folder.iterdir()} | {"photos", "cache", "runs"}
    assert workspace.split(workspace.photos).out is None
    assert {path.name for path in workspace.folder.iterdir()} == before


def test_the_same_seed_gives_the_same_parts(workspace: Workspace, made: SplitResult) -> None:
    def parts(result: SplitResult) -> list[int]:
        return [json.loads((result.run / "split.json").read_text())[key] for key in ("part", "fold")]

    first, again, other = (
        workspace.split(workspace.photos),
        workspace.split(workspace.photos),
        workspace.split(workspace.photos, seed=1),
    )
    assert parts(first) == parts(again) != parts(other)


def test_copies_are_in_one_part(workspace: Workspace) -> None:
    folder = workspace.some("copied", blue=8, red=8)
    for number in range(4):
        shutil.copy(workspace.pictures("red")[0], folder / "red" / f"again{number}.png")
    out = workspace.split(folder, out=workspace.folder / "parts").out
    assert out is not None
    parts = {path.relative_to(out).parts[0] for path in out.rglob("again*.png")}
    assert len(parts) == 1


def test_a_folder_that_is_not_empty_is_refused(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="not empty"):
        workspace.split(workspace.photos, out=workspace.folder)
    assert workspace.kept() == []


@pytest.mark.parametrize("inside", ["", "parts", "red/parts"])
def test_parts_are_never_written_inside_the_source(workspace: Workspace, inside: str) -> None:
    with pytest.raises(UsageError, match="find each picture twice"):
        workspace.split(workspace.photos, out=workspace.photos / inside)
    assert sorted(path.name for path in workspace.photos.iterdir()) == ["blue", "green", "red"]


def test_pictures_without_labels_are_refused(workspace: Workspace) -> None:
    flat = workspace.folder / "flat"
    shutil.copytree(workspace.photos / "red", flat)
    with pytest.raises(DataError, match="label"):
        workspace.split(flat)


def test_labels_that_cannot_be_split_are_named(workspace: Workspace) -> None:
    result = workspace.split(workspace.some("single", blue=1, red=5))
    assert result.unjudged == ("blue",)


def test_invalid_shares_are_refused(workspace: Workspace) -> None:
    with pytest.raises(DiscernError, match="shares"):
        workspace.split(workspace.photos, parts=(0, 0, 0))  # type: ignore[arg-type]
    assert workspace.kept() == []


def test_parts_are_copies_unless_links_are_asked_for(workspace: Workspace) -> None:
    original = workspace.pictures("red")[0]

    def is_link(name: str, **options: bool) -> bool:
        out = workspace.split(workspace.photos, out=workspace.folder / name, **options).out
        assert out is not None
        (written,) = out.rglob(f"red/{original.name}")
        return written.samefile(original)

    assert [is_link("a"), is_link("b", copy=True), is_link("c", link=True), is_link("d", copy=False)] == [
        *(False, False, True, True)
    ]
    with pytest.raises(UsageError, match="both links and copies"):
        workspace.split(workspace.photos, out=workspace.folder / "e", link=True, copy=True)


def test_pictures_in_no_part_are_counted_and_told(workspace: Workspace) -> None:
    folder = workspace.some("conflicts", blue=8, red=8)
    shutil.copy(workspace.pictures("red")[0], folder / "blue" / "again.png")
    shutil.copytree(workspace.photos / "green", folder / "_other")
    result = workspace.split(folder)
    assert result.unused == {"label_conflict": 2, "leak": 0, "negative": 12}
    assert sum(result.pictures.values()) + 14 == result.account.used
    lines = list(render.split(result.to_json()))
    assert any(line.startswith("in no part: 2 under another label as well") for line in lines)
    assert any("12 of none of the classes (_other); see " in line for line in lines)


def test_the_reason_does_not_contradict_the_parts(made: SplitResult) -> None:
    assert made.pictures["test"] > 0
    assert "too few for a test part" not in made.reason
    assert made.reason.startswith(
        f"The parts are drawn at random over independent groups; a test part of {made.pictures['test']}"
    )
