"""What check, split and train share: each step once, kept in the run, and zeros where nothing can be seen."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from discern.catalog import Fix, write_fixes
from discern.errors import BackboneError, DiscernError, FixesError
from discern.flow.prepare import PrepareConfig, Prepared, _Spread, prepare
from discern.flow.run import Run
from discern.progress import silent
from tests.unit.flow.workspace import Desk


def config(desk: Desk, source: Path, **more: Path) -> PrepareConfig:
    return PrepareConfig.of(source, fixes=more.get("fixes"), backbone=str(desk.backbone))


def begin(desk: Desk, source: Path, name: str = "one", *, resume: bool = False) -> Run:
    asked = config(desk, source).to_json()
    return Run.create(source, name=name, runs=desk.runs, resume=resume, config=asked)


def work(desk: Desk, run: Run, source: Path, **more: Path) -> Prepared:
    return prepare(run, config(desk, source, **more), cache=desk.cache, progress=silent)


@pytest.fixture
def dirty(desk: Desk) -> Path:
    """Four pictures of each of two colours, one file that is none, and a copy under the other colour."""
    folder = desk.some("dirty", blue=4, red=4)
    (folder / "blue" / "bad.png").write_text("no picture")
    shutil.copy(desk.pictures("red")[0], folder / "blue" / "copy.png")
    return folder


def test_paths_are_made_absolute() -> None:
    made = PrepareConfig.of("photos", fixes="fixes.csv", backbone="net.ONNX")
    assert all(Path(path).is_absolute() for path in (made.source, made.fixes or "", made.backbone))


def test_a_backbones_name_stays_a_name() -> None:
    made = PrepareConfig.of("photos", fixes=None, backbone="lite0")
    assert (made.fixes, made.backbone) == (None, "lite0")


def test_the_home_folder_is_understood() -> None:
    made = PrepareConfig.of("~/photos", fixes="~/fixes.csv", backbone="~/net.onnx", negatives="~/others")
    assert "~" not in str(made.to_json())


def test_what_is_readable_is_seen(desk: Desk, dirty: Path) -> None:
    prepared = work(desk, begin(desk, dirty), dirty)
    readable = prepared.catalog.readable
    assert len(prepared.data.features) == readable.sum() == 9
    assert (prepared.data.position >= 0).tolist() == readable.tolist()
    assert sorted(prepared.data.position[readable]) == list(range(9))


def test_faults_are_found_and_fixes_proposed(desk: Desk, dirty: Path) -> None:
    run = begin(desk, dirty)
    checks = {finding.check for finding in work(desk, run, dirty).findings}
    assert {"unreadable", "label_conflict"} <= checks
    assert "blue/bad.png" in run.path("fixes.csv").read_text()


def test_copies_are_one_group(desk: Desk, dirty: Path) -> None:
    prepared = work(desk, begin(desk, dirty), dirty)
    rows = {path: row for row, path in enumerate(prepared.catalog.table["path"])}
    original = f"red/{desk.pictures('red')[0].name}"
    assert prepared.groups.group[rows["blue/copy.png"]] == prepared.groups.group[rows[original]]


def test_the_run_says_what_data_it_saw(desk: Desk, dirty: Path) -> None:
    run = begin(desk, dirty)
    prepared = work(desk, run, dirty)
    said = json.loads(run.path("run.json").read_text())["data"]
    assert said == {"fingerprint": prepared.catalog.fingerprint, "files": 10}


def test_fixes_are_applied_to_the_catalog_alone(desk: Desk, dirty: Path) -> None:
    fixes = desk.folder / "mine.csv"
    write_fixes(fixes, [Fix(path="blue/bad.png", action="drop"), Fix(path="blue/copy.png", action="drop")])
    prepared = work(desk, begin(desk, dirty), dirty, fixes=fixes)
    assert len(prepared.catalog.table) == 8
    assert (dirty / "blue" / "bad.png").exists()


def test_fixes_for_what_is_not_there_are_refused(desk: Desk, dirty: Path) -> None:
    fixes = desk.folder / "mine.csv"
    write_fixes(fixes, [Fix(path="gone.png", action="drop")])
    with pytest.raises(FixesError, match=r"gone\.png"):
        work(desk, begin(desk, dirty), dirty, fixes=fixes)


def test_a_run_that_goes_on_looks_at_nothing_again(desk: Desk, dirty: Path) -> None:
    before = work(desk, begin(desk, dirty), dirty)
    shutil.rmtree(dirty)
    after = work(desk, begin(desk, dirty, resume=True), dirty)
    assert after.catalog.table.equals(before.catalog.table)
    assert after.edges.equals(before.edges)
    assert np.array_equal(after.data.features[:], before.data.features[:])


def test_a_picture_that_changed_since_it_was_catalogued_is_named(desk: Desk, dirty: Path) -> None:
    run = begin(desk, dirty)
    changed = dirty / "blue" / desk.pictures("blue")[0].name

    def change(stage: str, done: int, total: int | None) -> None:
        if stage == "features" and done == 0:
            shutil.copy(desk.pictures("green")[0], changed)

    with pytest.raises(DiscernError, match=changed.name):
        prepare(run, config(desk, dirty), cache=desk.cache, progress=change)


def test_an_unknown_backbone_is_named(desk: Desk, dirty: Path) -> None:
    asked = PrepareConfig.of(dirty, fixes=None, backbone="resnet9000")
    with pytest.raises(BackboneError, match="resnet9000"):
        prepare(begin(desk, dirty), asked, cache=desk.cache, progress=silent)


def test_features_over_all_rows_are_zero_where_nothing_was_seen(desk: Desk, dirty: Path) -> None:
    prepared = work(desk, begin(desk, dirty), dirty)
    spread = _Spread(prepared.data.features, prepared.data.position)
    bad = int(np.flatnonzero(prepared.data.position < 0)[0])
    seen = int(np.flatnonzero(prepared.data.position >= 0)[0])
    width = prepared.data.features.shape[1]
    assert spread.shape == (len(spread), width) == (10, width)
    assert spread.dtype == np.float32
    assert not spread[bad].any()
    assert spread[[seen, bad]].shape == (2, width)
    assert np.array_equal(spread[seen], prepared.data.features[int(prepared.data.position[seen])])
    assert np.array_equal(spread[2:5], spread[[2, 3, 4]])
