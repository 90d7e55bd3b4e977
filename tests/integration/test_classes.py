"""`--classes` uses some classes of any source, and counts the pictures of all others."""

import csv
import json
import pickle
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from discern.catalog.scanner import STAGE
from discern.cli.app import app
from discern.errors import DataError, DiscernError, UsageError
from discern.flow.evaluate.evaluate import evaluate
from discern.flow.train import TrainResult
from tests.integration.workspace import Workspace
from tests.unit.catalog.factories import cifar_batch, write_archive, write_files
from tests.unit.training.factories import write_colours

OTHER = "class_not_chosen"


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def reasons(run: Path) -> dict[str, int]:
    with (run / "left_out.csv").open(newline="", encoding="utf-8") as file:
        rows = [row["reason"] for row in csv.DictReader(file)]
    return {reason: rows.count(reason) for reason in set(rows)}


def cifar(root: str = "") -> Mapping[str, bytes]:
    """CIFAR-100 in small: a hundred classes, of which each batch has five."""
    planes = np.random.default_rng(0).integers(0, 256, (40, 3072), dtype=np.uint8)
    names = [f"class {number}".encode() for number in range(100)]
    names[8], names[48] = b"bicycle", b"motorcycle"
    labels = [8, 48, 3, 77, 50] * 8
    return {
        f"{root}meta": pickle.dumps({b"fine_label_names": names, b"coarse_label_names": [b"x"]}, 2),
        f"{root}train": cifar_batch(planes[:30], labels[:30], key=b"fine_labels"),
        f"{root}test": cifar_batch(planes[30:], labels[30:], key=b"fine_labels"),
    }


@pytest.mark.parametrize("form", ["folder", "list", "archive"])
def test_other_classes_are_counted_and_not_decoded(workspace: Workspace, form: str) -> None:
    photos = workspace.some("photos of colours", blue=3, red=3, green=2)
    (photos / "green" / "damaged.png").write_bytes(b"damaged")
    source = photos
    if form == "archive":
        source = write_archive(workspace.folder / "a.zip", files_of(photos))
    elif form == "list":
        source = photos / "pictures.csv"
        rows = [f"{path.relative_to(photos)},{path.parent.name}" for path in sorted(photos.rglob("*.png"))]
        source.write_text("\n".join(["path,label", *rows]))
    scanned: list[tuple[int, int | None]] = []

    def count(stage: str, done: int, total: int | None) -> None:
        if stage == STAGE:
            scanned.append((done, total))

    result = workspace.check(source, classes="blue,red", progress=count)
    account = result.to_json()
    assert account["classes"] == {"blue": 3, "red": 3}
    assert (account["found"], account["used"], account["left_out"][OTHER]) == (9, 6, 3)
    assert sum(account["left_out"].values()) == 3
    assert (account["folders_without_pictures"], account["classes_without_pictures"]) == ({}, {})
    assert reasons(result.run) == {OTHER: 3}
    assert scanned[-1][0] == 6
    assert json.loads((result.run / "run.json").read_text())["config"]["classes"] == ["blue", "red"]


@pytest.mark.parametrize("form", ["", ".tar.gz", ".zip"])
def test_two_classes_of_a_hundred_are_taken_from_batches(workspace: Workspace, form: str) -> None:
    files = cifar("cifar-100-python/" if form else "")
    place = workspace.folder / f"cifar{form}"
    source = write_archive(place, files) if form else write_files(place, files)
    account = workspace.check(source, classes=["motorcycle", "bicycle"]).account
    assert account.classes == {"bicycle": 8, "motorcycle": 8}
    assert account.left_out[OTHER] == 24
    with pytest.raises(UsageError, match="No picture has the label bicycles") as caught:
        workspace.check(source, classes="bicycles,motorcycle")
    assert "Did you mean bicycle" in caught.value.hint
    assert "class 99" not in caught.value.hint  # no picture has it


def test_negatives_and_pictures_without_a_label_stay(workspace: Workspace) -> None:
    photos = workspace.some("mixed", blue=3, red=3, green=2)
    (photos / "_other").mkdir()
    shutil.copy(workspace.pictures("green")[3], photos / "_other")
    shutil.copy(workspace.pictures("green")[4], photos / "stray.png")
    account = workspace.check(photos, classes="blue,red").account
    assert (account.used, account.left_out[OTHER], account.left_out["no_label"]) == (7, 2, 1)


def test_fixes_decide_which_class_a_picture_has(workspace: Workspace) -> None:
    photos = workspace.some("mixed", blue=4, red=4, green=4)
    names = {colour: [path.name for path in workspace.pictures(colour)] for colour in ("blue", "red", "green")}
    fixes = workspace.folder / "fixes.csv"
    fixes.write_text(
        f"path,action,value\ngreen/{names['green'][0]},relabel,red\nred/{names['red'][0]},relabel,green\n"
        f"green/{names['green'][1]},drop,\nblue/{names['blue'][0]},drop,\n"
    )
    account = workspace.check(photos, classes="blue,red", fixes=fixes).account
    assert account.classes == {"blue": 3, "red": 4}
    assert (account.left_out[OTHER], account.left_out["dropped_by_fix"]) == (4, 1)


def test_train_and_evaluate_use_the_chosen_classes(trained: TrainResult, shared_workspace: Workspace) -> None:
    classes = shared_workspace.folder / "classes.txt"
    classes.write_text("blue\nred\n")
    result = shared_workspace.train(shared_workspace.photos, name="two", classes=classes)
    assert list(result.account.classes) == ["blue", "red"]
    assert result.account.left_out[OTHER] == 12
    more = write_colours(shared_workspace.folder / "more", each=6, seed=7)
    judged = evaluate(trained.bundle, more, classes="blue, red", cache=shared_workspace.cache)
    assert (judged.pictures, judged.to_json()["left_out"]["class_not_chosen"], judged.other_labels) == (12, 6, {})


@pytest.mark.parametrize(
    ("classes", "error"), [("blue", DataError), ("blue,nil", UsageError), ("_other,blue,nil", UsageError)]
)
def test_one_class_or_an_unknown_one_is_refused(workspace: Workspace, classes: str, error: type[DiscernError]) -> None:
    with pytest.raises(error):
        workspace.train(workspace.some("few", blue=2, red=2), classes=classes)
    assert workspace.kept() == []


@pytest.mark.parametrize("command", ["check", "split", "train", "evaluate"])
def test_each_command_takes_the_option(command: str) -> None:
    assert "--classes" in CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output


def test_the_command_line_names_the_near_class(workspace: Workspace) -> None:
    photos = workspace.some("few", blue=2, red=2)
    shown = CliRunner().invoke(app, ["check", str(photos), "--classes", "blu,red"])
    assert isinstance(shown.exception, UsageError)
    assert "Did you mean blue?" in shown.exception.hint
