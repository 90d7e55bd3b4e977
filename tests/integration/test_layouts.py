"""Layouts of folders: nonsense classes are refused with the remedy, which works; labels do not matter elsewhere."""

import json
import shutil
from pathlib import Path

import pytest

from discern.catalog import Catalog
from discern.errors import CatalogError, UsageError
from discern.flow.check import CheckResult
from tests.integration.workspace import Workspace


def catalog(workspace: Workspace, result: CheckResult) -> Catalog:
    return Catalog.load(result.run / "catalog.parquet", cache=workspace.cache)


def parts(workspace: Workspace, *folders: str) -> Path:
    """Folders that each hold the same two classes, with other pictures."""
    for number, folder in enumerate(folders):
        for colour in ("red", "blue"):
            (workspace.folder / "set" / folder / colour).mkdir(parents=True)
            for path in workspace.pictures(colour)[6 * number : 6 * number + 6]:
                shutil.copy(path, workspace.folder / "set" / folder / colour)
    return workspace.folder / "set"


def test_the_folder_to_pass_is_named(workspace: Workspace) -> None:
    doubled = workspace.some("photos 2/photos 2", red=2, blue=2).parent
    with pytest.raises(CatalogError) as raised:
        workspace.check(doubled)
    assert f"Pass {doubled / 'photos 2'}, or add --parts-of none" in raised.value.hint
    assert workspace.kept() == []
    assert catalog(workspace, workspace.check(doubled / "photos 2")).labels == ("blue", "red")


def test_the_parts_to_name_are_named(workspace: Workspace) -> None:
    source = parts(workspace, "seg_train", "seg_test")
    for command in (workspace.check, workspace.split, workspace.train):
        with pytest.raises(CatalogError, match="seg_test and seg_train") as raised:
            command(source)
        assert "--parts-of train=seg_train,test=seg_test" in raised.value.hint
    checked = workspace.check(source, parts_of={"train": "seg_train", "test": "seg_test"})
    found = catalog(workspace, checked)
    assert found.labels == ("blue", "red")
    assert found.table["part"].value_counts(sort=True, name="n")["n"].to_list() == [12, 12]
    options = json.loads((checked.run / "run.json").read_text(encoding="utf-8"))["config"]
    assert options["parts_of"] == {"train": "seg_train", "test": "seg_test"}


def test_folders_can_be_classes_in_any_case(workspace: Workspace) -> None:
    source = parts(workspace, "seg_train", "seg_test")
    assert catalog(workspace, workspace.check(source, parts_of={})).labels == ("seg_test", "seg_train")


@pytest.mark.parametrize("given", [{"train": "nope"}, {"training": "seg_train"}, {"train": ""}])
def test_a_part_that_does_not_exist_is_refused(workspace: Workspace, given: dict[str, str]) -> None:
    source = parts(workspace, "seg_train", "seg_test")
    with pytest.raises(UsageError, match=r"nope.*seg_test, seg_train|Invalid folder of a part"):
        workspace.check(source, parts_of=given)
    assert workspace.kept() == []


def test_an_archive_is_refused_as_well(workspace: Workspace) -> None:
    source = parts(workspace, "seg_train", "seg_test")
    archive = shutil.make_archive(str(workspace.folder / "packed"), "zip", source)
    with pytest.raises(CatalogError, match=r"packed\.zip has folders that are named like parts") as raised:
        workspace.check(archive)
    assert "--parts-of train=seg_train,test=seg_test" in raised.value.hint
    found = catalog(workspace, workspace.check(archive, parts_of={"train": "seg_train", "test": "seg_test"}))
    assert found.labels == ("blue", "red")


def test_a_list_has_no_folders_of_parts(workspace: Workspace) -> None:
    source = parts(workspace, "seg_train", "seg_test")
    rows = [f"{path.relative_to(source)},{path.parent.name}" for path in source.glob("*/*/*.png")]
    (source / "list.csv").write_text("\n".join(["path,label", *rows]), encoding="utf-8")
    assert workspace.check(source / "list.csv").pictures == 24
    with pytest.raises(UsageError, match="is a list"):
        workspace.check(source / "list.csv", parts_of={"train": "seg_train"})


def test_a_list_among_the_pictures_outweighs_the_layout(workspace: Workspace) -> None:
    source = parts(workspace, "A", "B")
    rows = [f"{path.relative_to(source)},{path.parent.name}" for path in source.glob("*/*/*.png")]
    (source / "metadata.csv").write_text("\n".join(["file_name,label", *rows]), encoding="utf-8")
    assert catalog(workspace, workspace.check(source)).labels == ("blue", "red")


def test_negatives_may_have_any_layout(workspace: Workspace) -> None:
    source, others = workspace.some("two", red=6, blue=6), workspace.some("others/others", green=4).parent
    (others / "others" / "green").rename(others / "others" / "more")
    shutil.copytree(workspace.photos / "green", others / "others" / "rest")
    assert workspace.train(source, negatives=others).bundle.exists()


def test_sessions_in_class_folders_train(workspace: Workspace) -> None:
    source = workspace.folder / "sessions"
    for colour in ("red", "blue"):
        for number, path in enumerate(workspace.pictures(colour)):
            folder = source / colour / f"session{number % 3}"
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder)
    assert catalog(workspace, workspace.check(source)).labels == ("blue", "red")


def test_a_refusal_mentions_a_list_beside_the_pictures(workspace: Workspace) -> None:
    source = workspace.some("set/images", red=4, blue=4).parent
    rows = [f"{path.relative_to(source)},{path.parent.name}" for path in source.glob("*/*/*.png")]
    (source / "labels.csv").write_text("\n".join(["path,label", *rows]), encoding="utf-8")
    with pytest.raises(CatalogError) as raised:
        workspace.check(source)
    assert f"Pass {source / 'images'}" in raised.value.hint
    assert "labels.csv has labels for 8 of the 8 pictures" in raised.value.hint
