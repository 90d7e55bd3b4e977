"""Steps shared by check, split and train: each done once, saved in the run; zeros for unreadable pictures."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from discern.catalog import Fix, write_fixes
from discern.errors import BackboneError, DiscernError, FixesError
from discern.flow.prepare import PrepareConfig, Prepared, _CatalogFeatures, prepare
from discern.flow.run import Run
from discern.progress import silent
from tests.integration.workspace import Workspace


def config(workspace: Workspace, source: Path, **more: Path) -> PrepareConfig:
    return PrepareConfig.of(source, fixes=more.get("fixes"), backbone=str(workspace.backbone))


def start(workspace: Workspace, source: Path, name: str = "one", *, resume: bool = False) -> Run:
    options = config(workspace, source).to_json()
    return Run.create(source, name=name, runs=workspace.runs, resume=resume, config=options)


def work(workspace: Workspace, run: Run, source: Path, **more: Path) -> Prepared:
    return prepare(run, config(workspace, source, **more), cache=workspace.cache, progress=silent)


@pytest.fixture
def dirty(workspace: Workspace) -> Path:
    """Four pictures of each of two colours, one broken file, and a copy under the other colour."""
    folder = workspace.some("dirty", blue=4, red=4)
    (folder / "blue" / "bad.png").write_text("no picture")
    shutil.copy(workspace.pictures("red")[0], folder / "blue" / "copy.png")
    return folder


def test_paths_are_made_absolute() -> None:
    made = PrepareConfig.of("photos", fixes="fixes.csv", backbone="net.ONNX")
    assert all(Path(path).is_absolute() for path in (made.source, made.fixes or "", made.backbone))


def test_a_backbones_name_stays_a_name() -> None:
    made = PrepareConfig.of("photos", fixes=None, backbone="lite0")
    assert (made.fixes, made.backbone) == (None, "lite0")


def test_the_home_folder_is_expanded() -> None:
    made = PrepareConfig.of("~/photos", fixes="~/fixes.csv", backbone="~/net.onnx", negatives="~/others")
    assert "~" not in str(made.to_json())


def test_readable_pictures_have_features(workspace: Workspace, dirty: Path) -> None:
    prepared = work(workspace, start(workspace, dirty), dirty)
    readable = prepared.catalog.readable
    assert len(prepared.data.features) == readable.sum() == 9
    assert (prepared.data.position >= 0).tolist() == readable.tolist()
    assert sorted(prepared.data.position[readable]) == list(range(9))


def test_problems_are_found_and_fixes_proposed(workspace: Workspace, dirty: Path) -> None:
    run = start(workspace, dirty)
    checks = {finding.check for finding in work(workspace, run, dirty).findings}
    assert {"unreadable", "label_conflict"} <= checks
    assert "blue/bad.png" in run.path("fixes.csv").read_text()


def test_copies_are_one_group(workspace: Workspace, dirty: Path) -> None:
    prepared = work(workspace, start(workspace, dirty), dirty)
    rows = {path: row for row, path in enumerate(prepared.catalog.table["path"])}
    original = f"red/{workspace.pictures('red')[0].name}"
    assert prepared.groups.group[rows["blue/copy.png"]] == prepared.groups.group[rows[original]]


def test_the_run_records_its_data(workspace: Workspace, dirty: Path) -> None:
    run = start(workspace, dirty)
    prepared = work(workspace, run, dirty)
    recorded = json.loads(run.path("run.json").read_text())["data"]
    assert recorded == {"fingerprint": prepared.catalog.fingerprint, "files": 10}


def test_fixes_are_applied_to_the_catalog_alone(workspace: Workspace, dirty: Path) -> None:
    fixes = workspace.folder / "mine.csv"
    write_fixes(fixes, [Fix(path="blue/bad.png", action="drop"), Fix(path="blue/copy.png", action="drop")])
    prepared = work(workspace, start(workspace, dirty), dirty, fixes=fixes)
    assert len(prepared.catalog.table) == 8
    assert (dirty / "blue" / "bad.png").exists()


def test_fixes_for_missing_pictures_are_refused(workspace: Workspace, dirty: Path) -> None:
    fixes = workspace.folder / "mine.csv"
    write_fixes(fixes, [Fix(path="gone.png", action="drop")])
    with pytest.raises(FixesError, match=r"gone\.png"):
        work(workspace, start(workspace, dirty), dirty, fixes=fixes)


def test_a_resumed_run_repeats_nothing(workspace: Workspace, dirty: Path) -> None:
    before = work(workspace, start(workspace, dirty), dirty)
    shutil.rmtree(dirty)
    after = work(workspace, start(workspace, dirty, resume=True), dirty)
    assert after.catalog.table.equals(before.catalog.table)
    assert after.edges.equals(before.edges)
    assert np.array_equal(after.data.features[:], before.data.features[:])


def test_a_picture_that_changed_since_it_was_catalogued_is_named(workspace: Workspace, dirty: Path) -> None:
    run = start(workspace, dirty)
    changed = dirty / "blue" / workspace.pictures("blue")[0].name

    def change(stage: str, done: int, total: int | None) -> None:
        if stage == "features" and done == 0:
            shutil.copy(workspace.pictures("green")[0], changed)

    with pytest.raises(DiscernError, match=changed.name):
        prepare(run, config(workspace, dirty), cache=workspace.cache, progress=change)


def test_an_unknown_backbone_is_named(workspace: Workspace, dirty: Path) -> None:
    options = PrepareConfig.of(dirty, fixes=None, backbone="resnet9000")
    with pytest.raises(BackboneError, match="resnet9000"):
        prepare(start(workspace, dirty), options, cache=workspace.cache, progress=silent)


def test_features_of_unreadable_pictures_are_zero(workspace: Workspace, dirty: Path) -> None:
    prepared = work(workspace, start(workspace, dirty), dirty)
    features = _CatalogFeatures(prepared.data.features, prepared.data.position)
    bad = int(np.flatnonzero(prepared.data.position < 0)[0])
    good = int(np.flatnonzero(prepared.data.position >= 0)[0])
    width = prepared.data.features.shape[1]
    assert features.shape == (len(features), width) == (10, width)
    assert features.dtype == np.float32
    assert not features[bad].any()
    assert features[[good, bad]].shape == (2, width)
    assert np.array_equal(features[good], prepared.data.features[int(prepared.data.position[good])])
    assert np.array_equal(features[2:5], features[[2, 3, 4]])
