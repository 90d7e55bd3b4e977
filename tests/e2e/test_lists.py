"""Lists as people write them: each is understood, or the message names the cause and the remedy."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.server_process import COLOURS, Workspace

Row = Callable[[str, str], str]


@pytest.fixture(scope="module")
def project(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with all pictures in data/images, and nothing that labels them."""
    project = tmp_path_factory.mktemp("project")
    (project / "data" / "images").mkdir(parents=True)
    for colour in COLOURS:
        for picture in (workspace.photos / colour).iterdir():
            shutil.copy(picture, project / "data" / "images" / f"{colour}_{picture.name}")
    return project


def write(path: Path, header: str, row: Row, images: Path) -> Path:
    rows = [row(picture.name, picture.name.partition("_")[0]) for picture in sorted(images.iterdir())]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    return path


def flags(name: str, label: str) -> str:
    return ", ".join([name, *(str(int(label == colour)) for colour in COLOURS)])


LISTS: dict[str, tuple[str, Row, str]] = {
    "blanks": ("image, label", lambda name, label: f"images/{name}, {label}", ""),
    "some_blanks": ("image,label", lambda name, label: f"images/{name},{label}{' ' * (len(name) % 2)}", ""),
    "backslash": ("image,label", lambda name, label: f"images\\{name},{label}", ""),
    "windows": ("image,label", lambda name, label: f"C:\\Users\\me\\images\\{name},{label}", "lead to no file in"),
    "project": ("image,label", lambda name, label: f"data/images/{name},{label}", "lead to no file in"),
    "names": ("image,label", lambda name, label: f"{name},{label}", "lead to no file in"),
    "ids": ("id,breed", lambda name, label: f"{name[:-4]},{label}", "in the column breed of"),
    "target": ("filename,target", lambda name, label: f"images/{name},{label}", "in the column target of"),
    "classes": (f"filename, {', '.join(COLOURS)}", lambda name, label: f"images/{flags(name, label)}", "its columns"),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_understood_and_doubts_are_said(workspace: Workspace, project: Path, name: str) -> None:
    header, row, hint = LISTS[name]
    listing = write(project / "data" / f"{name}.csv", header, row, project / "data" / "images")
    checked = workspace.look("check", listing)
    assert "36 pictures, 0 unreadable" in checked.out
    assert (hint in checked.err) if hint else not checked.err
    assert workspace.look("split", listing, "--name", f"list_{name}").code == 0


def test_a_model_of_a_list_with_blanks_has_the_labels_of_folders(
    workspace: Workspace, project: Path, fresh: Path
) -> None:
    listing = write(project / "data" / "blanks.csv", *LISTS["blanks"][:2], project / "data" / "images")
    trained = workspace.work("train", listing, "--name", "list_blanks_trained")
    assert "accuracy on 24 pictures: 1.000" in workspace.call("evaluate", trained["bundle"], fresh).out


def test_columns_of_classes_label_the_pictures_beside_them(workspace: Workspace, tmp_path: Path, project: Path) -> None:
    shutil.copytree(project / "data" / "images", tmp_path / "set" / "train")
    write(
        tmp_path / "set" / "train" / "_classes.csv",
        f"filename, {', '.join(COLOURS)}",
        flags,
        project / "data" / "images",
    )
    checked = workspace.look("check", tmp_path / "set")
    assert "36 pictures, 0 unreadable" in checked.out
    assert "The classes in train/_classes.csv are its columns blue, green, red." in checked.err


REFUSED: dict[str, tuple[str, str, Row, tuple[str, ...]]] = {
    "unknown": (
        "data/colour.csv",
        "image,colour",
        lambda name, label: f"images/{name},{label}",
        ("its columns are image, colour", "Rename the column of labels to label (could it be colour?)"),
    ),
    "several": (
        "data/several.csv",
        "image,breed,species",
        lambda name, label: f"images/{name},{label},{len(name) % 2}",
        ("several columns that could hold the labels: breed, species", "Rename the one to train on to label"),
    ),
    "outside": (
        "data/lists/outside.csv",
        "image,label",
        lambda name, label: f"images/{name},{label}",
        ("its paths are meant from {0}/data/lists", "All 36 are found from {0}/data: put the list there"),
    ),
    "nowhere": (
        "data/lists/nowhere.csv",
        "image,label",
        lambda name, label: f"D:\\x\\other_{name},{label}",
        ("its paths are meant from {0}/data/lists, where there is no D:", "Correct the paths"),
    ),
}


@pytest.mark.parametrize("command", ["check", "train"])
@pytest.mark.parametrize("name", REFUSED)
def test_a_list_that_is_not_understood_is_refused(workspace: Workspace, project: Path, name: str, command: str) -> None:
    place, header, row, words = REFUSED[name]
    listing = write(project / place, header, row, project / "data" / "images")
    done = workspace.look(command, listing)
    assert (done.code, done.out) == (2, "")
    for text in words:
        assert text.format(project) in done.err


def test_a_list_beside_pictures_without_labels_is_named(workspace: Workspace, project: Path, tmp_path: Path) -> None:
    shutil.copytree(project / "data" / "images", tmp_path / "flat")
    write(
        tmp_path / "flat" / "breeds.csv",
        "image,breed",
        lambda name, label: f"{name},{label}",
        project / "data" / "images",
    )
    done = workspace.look("train", tmp_path / "flat")
    assert done.code == 2
    assert "breeds.csv has labels for 36 of the 36 pictures: to use them, pass this list itself" in done.err
    assert workspace.look("check", tmp_path / "flat").err.startswith("hint: breeds.csv has labels for 36")
