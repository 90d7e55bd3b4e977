"""`discern compare DIR --methods`: models are trained on the same parts, reused, resumed, and compared."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import discern
from discern.errors import DataError, UsageError
from discern.flow.compare.compare_result import CompareResult
from tests.e2e.server_process import call_here
from tests.integration.workspace import Workspace, interrupt_at, write_backbone
from tests.unit.flow.tune.study_factories import write_parts


class Comparison:
    """Two backbones of colours on a copy of the photos."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.photos = workspace.some("set", blue=12, green=12, red=12)
        self.second = write_backbone(workspace.folder / "second.onnx")

    def run(self, **more: Any) -> CompareResult:
        given: dict[str, Any] = {
            "methods": ["probe"],
            "backbones": [str(self.workspace.backbone), str(self.second)],
            "runs": self.workspace.runs,
            "cache": self.workspace.cache,
        }
        return discern.compare_methods(self.photos, **given | more)

    def states(self) -> dict[str, float]:
        return {path.parent.name: path.stat().st_mtime for path in self.workspace.runs.glob("*/model.discern")}


@pytest.fixture
def comparison(workspace: Workspace) -> Comparison:
    return Comparison(workspace)


def read(run: Path, name: str) -> Any:
    return json.loads((run / name).read_text(encoding="utf-8"))


def test_an_interrupted_comparison_is_resumed_on_the_same_parts(comparison: Comparison) -> None:
    with pytest.raises(KeyboardInterrupt):
        comparison.run(progress=interrupt_at("probe-second: pack"))
    assert list(comparison.states()) == ["set-probe-colour"]
    before = comparison.states()
    found = comparison.run()
    runs = [comparison.workspace.runs / name for name in ("set-probe-colour", "set-probe-second")]
    assert [each.run for each in found.models] == [str(run) for run in runs]
    assert [each.name for each in found.models] == ["probe-colour", "probe-second"]
    assert comparison.states()["set-probe-colour"] == before["set-probe-colour"]
    assert read(runs[0], "split.json") == read(runs[1], "split.json")
    assert found.page == comparison.workspace.runs / "comparison-1.html"
    assert found.page.exists()
    assert (found.failed, found.uses.comparisons) == ((), 1)


def test_a_method_that_fails_is_named_and_leaves_the_others(comparison: Comparison, tmp_path: Path) -> None:
    backbones = f"{comparison.workspace.backbone},{tmp_path / 'missing.onnx'},{comparison.second}"
    arguments = ["compare", str(comparison.photos), "--methods", "probe", "--backbones", backbones, "--folds", "3"]
    places = ["--runs", str(comparison.workspace.runs), "--cache", str(comparison.workspace.cache), "--json"]
    done = call_here(tmp_path, [*arguments, *places])
    assert done.code == 1, done.err
    found = json.loads(done.out)
    assert [row["name"] for row in found["rows"]] == ["probe-colour", "probe-second"]
    (failed,) = found["failed"]
    assert (failed["name"], failed["method"]) == ("probe-missing", "probe")
    assert "missing.onnx" in failed["reason"]
    assert "Methods that gave no model" in Path(found["page"]).read_text(encoding="utf-8")
    assert not (comparison.workspace.runs / "set-probe-missing").exists()
    assert found["pictures"] == 36
    assert found["notes"][0].startswith("Without a test part")
    assert read(Path(found["rows"][0]["run"]), "run.json")["config"]["split"]["folds"] == 3


def test_runs_are_reused_until_the_pictures_or_options_change(comparison: Comparison, tmp_path: Path) -> None:
    def run(**more: Any) -> dict[str, float]:
        with pytest.raises(DataError, match=r"Only one of the methods gave a model.*probe-missing: .*missing\.onnx"):
            comparison.run(backbones=[str(comparison.workspace.backbone), str(tmp_path / "missing.onnx")], **more)
        return comparison.states()

    first = run()
    assert list(first) == ["set-probe-colour"]
    assert run() == first
    next((comparison.photos / "red").iterdir()).unlink()
    second = run()
    assert sorted(second) == ["set-probe-colour", "set-probe-colour-2"]
    assert second.items() >= first.items()
    third = run(seed=1)
    assert sorted(third) == ["set-probe-colour", "set-probe-colour-2", "set-probe-colour-3"]
    assert run() == third


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a", "b", "--methods", "probe,scratch"], "--methods trains on one set of pictures, not on 2"),
        (["a", "b", "--epochs", "3"], "--epochs has no effect"),
        (["a", "b", "--seed", "1"], "--seed has no effect"),
        (["a", "--methods", "probe"], "needs two or more models"),
    ],
)
def test_options_that_do_not_fit_are_refused(tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "a").mkdir()
    done = call_here(tmp_path, ["compare", *arguments])
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1


def test_a_page_that_exists_is_refused_before_anything_is_trained(comparison: Comparison, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not the name of a page"):
        comparison.run(out=tmp_path / "page.txt")
    assert comparison.states() == {}
    shutil.rmtree(comparison.workspace.runs, ignore_errors=True)


def test_a_study_shares_the_parts_and_is_reused_by_its_options_alone(workspace: Workspace) -> None:
    pytest.importorskip("optuna")
    photos, places = write_parts(workspace.folder / "set"), {"runs": workspace.runs, "cache": workspace.cache}
    (space := workspace.folder / "space.toml").write_text("[views]\ntype = 'categorical'\nvalues = [1, 2]\n")
    other = discern.tune(photos, trials=1, name="set-tuned", space=space, backbone=str(workspace.backbone), **places)

    def run(**more: Any) -> list[Path]:
        backbones = [str(workspace.backbone)]
        return [
            Path(each.run)
            for each in discern.compare_methods(
                photos, methods=["probe", "tuned"], backbones=backbones, trials=1, **places, **more
            ).models
        ]

    probe, tuned = run()
    assert other.folder != tuned.parent == workspace.runs / "set-tuned-2"
    assert read(tuned, "split.json") == read(tuned.parent, "split.json") == read(probe, "split.json")
    assert read(tuned, "run.json")["chosen_by"].keys() == {"study", "trial", "seconds"}
    assert run() == [probe, tuned]
    assert run(at_most_wrong=0.2)[1].parent == workspace.runs / "set-tuned-3"
