"""Groups by path for every command, and films in one numbering."""

import csv
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from discern.catalog import Catalog
from discern.errors import DataError, RunError, UsageError
from discern.flow.evaluate.evaluate import evaluate
from discern.flow.train import TrainResult
from tests.integration.workspace import Workspace
from tests.unit.grouping.synthetic_images import scene

PATTERN = "^[^/]+/(take[0-9])_"


@pytest.fixture(scope="module")
def takes(shared_workspace: Workspace) -> Path:
    """Four takes of three pictures of each colour, and one picture of red without a take."""
    folder = shared_workspace.folder / "takes"
    for colour in ("red", "blue"):
        (folder / colour).mkdir(parents=True)
        for number, path in enumerate(shared_workspace.pictures(colour)):
            shutil.copy(path, folder / colour / f"take{number // 3}_{chr(97 + number)}.png")
    shutil.copy(shared_workspace.pictures("green")[0], folder / "red" / "odd.png")
    return folder


def as_folder(folder: Path) -> Path:
    return folder


def as_archive(folder: Path) -> Path:
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w") as archive:
        for path in sorted(folder.rglob("*.png")):
            archive.write(path, path.relative_to(folder).as_posix())
    return folder.with_suffix(".zip")


def as_list(folder: Path) -> Path:
    """List the pictures with wrong groups, which the option replaces."""
    with (folder.parent / "takes.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "group"])
        for path in sorted(folder.rglob("*.png")):
            writer.writerow([path.relative_to(folder.parent).as_posix(), path.parent.name, "all"])
    return folder.parent / "takes.csv"


def groups(run: Path) -> dict[str, str]:
    table = Catalog.load_table(run / "catalog.parquet").table
    return {
        "/".join(path.split("!/")[-1].split("/")[-2:]): group
        for path, group in table.select("path", "group").iter_rows()
    }


@pytest.mark.parametrize(
    ("source", "pattern"), [(as_folder, PATTERN), (as_archive, PATTERN), (as_list, "^takes/[^/]+/(take[0-9])_")]
)
def test_groups_are_found_in_folders_archives_and_lists(
    shared_workspace: Workspace, takes: Path, source: Callable[[Path], Path], pattern: str
) -> None:
    result = shared_workspace.check(source(takes), group_by=pattern)
    found = groups(result.run)
    assert found["red/take0_a.png"] == found["red/take0_c.png"] == found["blue/take0_a.png"] == "take0"
    assert found["red/take3_l.png"] == "take3"
    assert len(set(found.values())) == 5
    assert result.to_json()["ungrouped"] == 1
    assert json.loads((result.run / "run.json").read_text())["config"]["group_by"] == pattern
    assert "--group-by does not match" in result.page.read_text()


def test_groups_stay_together_in_a_split(shared_workspace: Workspace, takes: Path) -> None:
    out = shared_workspace.folder / "take parts"
    result = shared_workspace.split(takes, group_by="take[0-9]", out=out, parts=(50, 0, 50))
    assert result.to_json()["ungrouped"] == 1
    parts = {name: {path.name[:5] for path in (out / name).rglob("take*.png")} for name in ("train", "test")}
    assert parts["train"] | parts["test"] == {f"take{number}" for number in range(4)}
    assert not parts["train"] & parts["test"]


def test_a_run_resumes_with_the_same_pattern_only(shared_workspace: Workspace, takes: Path) -> None:
    trained = shared_workspace.train(takes, name="by take", group_by=PATTERN)
    assert shared_workspace.train(takes, name="by take", group_by=PATTERN, resume=True).account == trained.account
    assert trained.account.ungrouped == 1
    with pytest.raises(RunError, match="another group_by"):
        shared_workspace.train(takes, name="by take", group_by="take", resume=True)


def test_fixes_are_applied_to_these_groups(shared_workspace: Workspace, takes: Path, tmp_path: Path) -> None:
    (tmp_path / "fixes.csv").write_text("path,action,value\nred/odd.png,group,take0\n")
    result = shared_workspace.check(takes, group_by=PATTERN, fixes=tmp_path / "fixes.csv")
    assert groups(result.run)["red/odd.png"] == "take0"
    assert result.to_json()["ungrouped"] == 0


def test_without_the_option_nothing_is_counted(shared_workspace: Workspace, takes: Path) -> None:
    assert "ungrouped" not in shared_workspace.check(takes).to_json()


def test_evaluation_counts_the_groups(shared_workspace: Workspace, trained: TrainResult, tmp_path: Path) -> None:
    for colour, shade in (("red", (250, 20, 20)), ("blue", (20, 20, 250))):
        (tmp_path / colour).mkdir()
        for number in range(6):
            noise = np.random.default_rng([number, *shade]).integers(-20, 20, (48, 48, 3))
            picture = np.clip(np.array(shade) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(picture).save(tmp_path / colour / f"take{number // 3}_{chr(97 + number)}.png")
    alone = evaluate(trained.bundle, tmp_path, cache=shared_workspace.cache)
    grouped = evaluate(trained.bundle, tmp_path, cache=shared_workspace.cache, group_by="(red|blue)/take0")
    assert (alone.metrics.groups, grouped.metrics.groups) == (12, 8)
    assert grouped.to_json()["ungrouped"] == 6
    assert "ungrouped" not in alone.to_json()
    with pytest.raises(UsageError, match="matches none"):
        evaluate(trained.bundle, tmp_path, cache=shared_workspace.cache, group_by="scene")


@pytest.mark.parametrize(("pattern", "said"), [("(", "not a valid regular expression"), ("scene", "matches none")])
@pytest.mark.parametrize("command", ["check", "split", "train"])
def test_a_pattern_that_finds_nothing_is_refused_and_no_run_is_left(
    shared_workspace: Workspace, takes: Path, command: str, pattern: str, said: str
) -> None:
    before = set(shared_workspace.runs.iterdir())
    with pytest.raises(UsageError, match=said):
        getattr(shared_workspace, command)(takes, group_by=pattern)
    assert set(shared_workspace.runs.iterdir()) == before


def write_films(folder: Path, *, bed: int, chair: int) -> Path:
    """Write films of twelve frames in one numbering for each class."""
    for at, (label, films) in enumerate((("bed", bed), ("chair", chair))):
        (folder / label).mkdir(parents=True)
        for number in range(12 * films):
            film, shot = divmod(number, 12)
            still = scene(10 * at + film, width=280, height=160)
            view = still.crop((5 + 6 * shot, 20, 165 + 6 * shot, 140))
            view.save(folder / label / f"{label} ({number + 1}).jpg", quality=90)
    return folder


def test_films_in_one_numbering_are_groups_and_can_be_trained_on(workspace: Workspace) -> None:
    result = workspace.train(write_films(workspace.folder / "films", bed=4, chair=4))
    split = json.loads((result.run / "split.json").read_text())
    assert len(set(split["group"])) == 8
    assert result.hints == []


def test_classes_that_are_one_film_are_refused_as_films(workspace: Workspace) -> None:
    folder = write_films(workspace.folder / "films", bed=1, chair=1)
    with pytest.raises(DataError, match=r"evaluated: 'bed' and 'chair' are one film each.*Film each again"):
        workspace.train(folder)
    assert any("one film each" in note for note in workspace.check(folder).notes)


def test_a_class_that_is_one_film_is_named_after_the_training(workspace: Workspace) -> None:
    result = workspace.train(write_films(workspace.folder / "films", bed=3, chair=1))
    assert result.account.unjudged == ("chair",)
    assert [hint for hint in result.hints if hint.startswith("'chair' is one film: ")]
