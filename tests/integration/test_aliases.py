"""Labels that are aliases stand for others: in training, and where a model is evaluated on pictures named otherwise."""

import json
import re
import shutil
from pathlib import Path

import pytest

from discern.bundle import load
from discern.errors import NamesError
from discern.flow.evaluate.evaluate import evaluate
from discern.flow.train import TrainResult
from tests.integration.workspace import Workspace
from tests.unit.training.factories import write_colours

NUMBER = {"red": "0", "green": "1", "blue": "n03394916"}
ROWS = "label,name,alias\nred,a rose,0;7\ngreen,,1\nblue,,n03394916\nviolet,,2\n"


@pytest.fixture(scope="module")
def names(shared_workspace: Workspace) -> Path:
    path = shared_workspace.folder / "aliases.csv"
    path.write_text(ROWS)
    return path


def write_list(folder: Path) -> Path:
    """A .lst file of class folders, with a number in place of each label."""
    files = sorted(path for path in folder.rglob("*.png"))
    rows = [f"{at}\t{NUMBER[path.parent.name]}\t{path.relative_to(folder)}" for at, path in enumerate(files)]
    path = folder / "all.lst"
    path.write_text("\n".join(rows))
    return path


def numbered(folder: Path, target: Path) -> Path:
    """A copy of class folders under the numbers of their labels."""
    for label, number in NUMBER.items():
        shutil.copytree(folder / label, target / number, dirs_exist_ok=True)
    return target


@pytest.fixture(scope="module")
def by_alias(shared_workspace: Workspace, names: Path) -> TrainResult:
    """Trained on a .lst with numbers, and a names.csv that says what they stand for."""
    photos = shutil.copytree(shared_workspace.photos, shared_workspace.folder / "listed", dirs_exist_ok=True)
    return shared_workspace.train(write_list(photos), name="by alias", names=names)


@pytest.fixture(scope="module")
def by_number(shared_workspace: Workspace, by_alias: TrainResult) -> TrainResult:
    """Trained on the same list without names."""
    return shared_workspace.train(shared_workspace.folder / "listed" / "all.lst", name="by number")


@pytest.fixture(scope="module")
def fresh(shared_workspace: Workspace) -> Path:
    return write_colours(shared_workspace.folder / "fresh colours", each=8, seed=5)


def test_a_list_of_numbers_trains_named_classes(by_alias: TrainResult) -> None:
    manifest = load(by_alias.bundle).manifest
    assert manifest.labels == ("blue", "green", "red")
    assert manifest.aliases == {"blue": ["n03394916"], "green": ["1"], "red": ["0", "7"]}
    assert manifest.names["red"]["name"] == "a rose"
    assert by_alias.account.classes == {"blue": 12, "green": 12, "red": 12}
    said = "By their aliases, 0 was taken for red, 1 for green, and n03394916 for blue."
    assert said in by_alias.hints
    assert json.loads((by_alias.run / "metrics.json").read_text())["hints"] == by_alias.hints


def test_the_bundle_meets_aliases_by_itself(
    shared_workspace: Workspace, by_alias: TrainResult, fresh: Path, tmp_path: Path
) -> None:
    cache = shared_workspace.cache
    named = evaluate(by_alias.bundle, fresh, cache=cache)
    other = evaluate(by_alias.bundle, numbered(fresh, tmp_path), cache=cache)
    assert (named.pictures, named.taken_for) == (24, {})
    assert other.to_json()["taken_for"] == {number: label for label, number in NUMBER.items()}
    assert other.metrics.accuracy == named.metrics.accuracy
    assert (other.metrics.confusion == named.metrics.confusion).all()
    for classes in ("0,blue", "red,n03394916"):
        judged = evaluate(by_alias.bundle, tmp_path, classes=classes, cache=cache)
        assert (judged.pictures, judged.left_out["class_not_chosen"], judged.other_labels) == (16, 8, {})


def test_numbers_meet_named_folders_by_a_file(
    shared_workspace: Workspace, by_number: TrainResult, by_alias: TrainResult, fresh: Path, names: Path
) -> None:
    assert load(by_number.bundle).labels == ("0", "1", "n03394916")
    judged = evaluate(
        by_number.bundle,
        fresh,
        names=names,
        against=[by_alias.bundle],
        classes="red,green",
        cache=shared_workspace.cache,
    )
    assert judged.taken_for == {"red": "0", "green": "1"}
    assert judged.pictures == 16
    assert judged.against[0].difference.value == 0
    assert set(judged.against[0].per_class_difference) == {"0", "1"}


def test_the_two_names_of_a_class_may_be_mixed(
    shared_workspace: Workspace, by_alias: TrainResult, fresh: Path, tmp_path: Path
) -> None:
    shutil.copytree(fresh / "red", tmp_path / "7")
    shutil.copytree(fresh / "green", tmp_path / "green")
    judged = evaluate(by_alias.bundle, tmp_path, cache=shared_workspace.cache)
    assert (judged.pictures, judged.taken_for) == (16, {"7": "red"})


def test_the_page_has_the_labels_of_the_bundle(
    shared_workspace: Workspace, by_alias: TrainResult, fresh: Path, tmp_path: Path
) -> None:
    pictures = numbered(fresh, tmp_path / "numbers")
    (pictures / "7").mkdir()
    for path in sorted((pictures / "0").iterdir())[:3]:
        path.rename(pictures / "7" / path.name)
    judged = evaluate(by_alias.bundle, pictures, cache=shared_workspace.cache, runs=tmp_path / "runs")
    assert judged.page is not None
    text = " ".join(re.sub("<[^>]+>", " ", judged.page.read_text()).split())
    assert "24 pictures in 3 classes: blue (8), green (8), a rose (8)." in text
    assert "By their aliases, 0 was taken for red" in text
    assert "Class Pictures as a bar blue 8 green 8 a rose red 8" in text
    assert re.findall(r"pictures (\d+) 8 evaluated", text) == ["8", "8", "8"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("label,alias\n0,1\n", "takes 0 and 1 for one class"),
        ("label,alias\nred,0;1\n", "takes 0 and 1 for one class"),
        ("label,alias\nred,0\nblue,0\n", "is an alias of 'red' and of 'blue'"),
        ("label,name\nred,a rose\n", "has no aliases"),
    ],
)
def test_contradictions_are_refused(
    shared_workspace: Workspace, by_number: TrainResult, fresh: Path, tmp_path: Path, rows: str, message: str
) -> None:
    (tmp_path / "names.csv").write_text(rows)
    with pytest.raises(NamesError, match=message):
        evaluate(by_number.bundle, fresh, names=tmp_path / "names.csv", cache=shared_workspace.cache)


def test_fixes_may_use_aliases(workspace: Workspace) -> None:
    photos = workspace.some("few", blue=4, red=4)
    names, fixes = workspace.folder / "names.csv", workspace.folder / "fixes.csv"
    names.write_text("label,alias\nred,0\n")
    fixes.write_text(f"path,action,value\nblue/{workspace.pictures('blue')[0].name},relabel,0\n")
    result = workspace.train(photos, names=names, fixes=fixes)
    assert result.account.classes == {"blue": 3, "red": 5}
