"""`discern train`: bundle and report, reproducible and resumable after any interruption."""

import json
import shlex
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from discern.bundle import load
from discern.catalog import Catalog
from discern.errors import CatalogError, DataError, NamesError, RunError, UsageError
from discern.flow.train import TrainResult
from tests.integration.workspace import ACCOUNT_KEYS, Workspace, interrupt_at
from tests.unit.training.factories import COLOURS, write_colours

STAGES = ("scan", "features", "group", "check", "split", "fit", "evaluate", "pack", "report")


def reproducible_files(run: Path) -> tuple[bytes, bytes]:
    """Return the metrics and the graph, which must be the same for the same seed."""
    with zipfile.ZipFile(run / "model.discern") as bundle:
        return (run / "metrics.json").read_bytes(), bundle.read("model.onnx")


def test_the_result_has_the_documented_keys(trained: TrainResult) -> None:
    plain = trained.to_json()
    figures = {"pictures", "accuracy", "ece", "policy", "seconds"}
    assert set(plain) == {*ACCOUNT_KEYS, *figures, "run", "bundle", "report", "method"}
    assert set(plain["accuracy"]) == {"leak_free", "naive", "given", "difference", "unlike"}
    assert all(Path(plain[key]).is_absolute() and Path(plain[key]).exists() for key in ("run", "bundle", "report"))
    assert json.loads(json.dumps(plain)) == plain


def test_the_leak_free_accuracy_is_cross_validated(trained: TrainResult) -> None:
    leak_free = trained.accuracy["leak_free"]
    assert (leak_free["method"], leak_free["estimates"], leak_free["classes"]) == ("grouped-cv", "recipe", 3)
    assert leak_free["low"] <= leak_free["value"] <= leak_free["high"]
    assert trained.accuracy["given"] is None


def test_each_stage_is_timed(trained: TrainResult) -> None:
    assert tuple(trained.seconds) == STAGES


def test_the_bundle_has_labels_and_name(trained: TrainResult) -> None:
    model = load(trained.bundle)
    assert model.labels == tuple(COLOURS)
    assert len(model.seen) == 36
    assert model.manifest.name == "colours"


def test_run_json_has_the_status(trained: TrainResult) -> None:
    facts = json.loads((trained.run / "run.json").read_text())
    assert facts["status"] == "done"
    assert facts["data"]["files"] == 36
    assert facts["config"]["seed"] == 0


def test_no_temporary_file_is_left(trained: TrainResult) -> None:
    assert {path.name for path in trained.run.iterdir() if path.name.startswith(".")} <= {".lock"}


def test_a_finished_run_resumed_is_the_same(shared_workspace: Workspace, trained: TrainResult) -> None:
    assert shared_workspace.train(shared_workspace.photos, name="colours", resume=True) == trained


def test_resuming_with_another_seed_is_refused(shared_workspace: Workspace, trained: TrainResult) -> None:
    with pytest.raises(RunError, match="seed"):
        shared_workspace.train(shared_workspace.photos, name="colours", seed=1, resume=True)


def test_the_same_seed_gives_the_same_metrics_and_graph(shared_workspace: Workspace, trained: TrainResult) -> None:
    again = shared_workspace.train(shared_workspace.photos, name="again")
    assert reproducible_files(again.run) == reproducible_files(trained.run)


def test_another_seed_gives_another_split(shared_workspace: Workspace, trained: TrainResult) -> None:
    other = shared_workspace.train(shared_workspace.photos, name="other", seed=2**70)
    assert (other.run / "split.json").read_bytes() != (trained.run / "split.json").read_bytes()


@pytest.mark.parametrize("stage", STAGES[1:])
def test_an_interrupted_run_resumed_equals_an_undisturbed_one(
    shared_workspace: Workspace, trained: TrainResult, stage: str
) -> None:
    name = f"cut-{stage}"
    with pytest.raises(KeyboardInterrupt):
        shared_workspace.train(shared_workspace.photos, name=name, progress=interrupt_at(stage))
    assert not (shared_workspace.runs / name / "report.html").exists()
    resumed = shared_workspace.train(shared_workspace.photos, name=name, resume=True)
    assert reproducible_files(resumed.run) == reproducible_files(trained.run)


@pytest.mark.parametrize("name", ["catalog.parquet", "edges.parquet split.json", "metrics.json", "model.discern"])
def test_damaged_files_of_a_run_are_computed_again(
    shared_workspace: Workspace, trained: TrainResult, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = shared_workspace.runs / f"damaged-{name}"
    shutil.copytree(trained.run, run)
    if name not in ("metrics.json", "model.discern"):
        (run / "metrics.json").unlink()
    for path in (run / each for each in name.split()):
        data = path.read_bytes()
        path.write_bytes(data[:-99] + bytes([data[-99] ^ 1]) + data[-98:])
    resumed = shared_workspace.train(shared_workspace.photos, name=run.name, resume=True)
    assert reproducible_files(resumed.run) == reproducible_files(trained.run)
    assert [f"{run / each} is damaged" in caplog.text for each in name.split()] == [True] * len(name.split())


def test_temporary_files_of_a_killed_process_are_removed(shared_workspace: Workspace, trained: TrainResult) -> None:
    with pytest.raises(KeyboardInterrupt):
        shared_workspace.train(shared_workspace.photos, name="killed", progress=interrupt_at("fit"))
    left = [
        ".123.metrics.json",
        "..123.model.discern.123.tmp",
        ".123.fixes.csv.unfinished",
        ".report.html.0f3a9b12.unfinished",
    ]
    for name in left:
        (shared_workspace.runs / "killed" / name).write_text("half")
    run = shared_workspace.train(shared_workspace.photos, name="killed", resume=True).run
    assert not [name for name in left if (run / name).exists()]


def test_a_given_test_part_is_used_for_evaluation(workspace: Workspace) -> None:
    folder = write_colours(workspace.folder / "parted", part="train")
    write_colours(folder, part="test", each=6, seed=9)
    result = workspace.train(folder)
    assert result.accuracy["leak_free"]["method"] == "test-part"
    assert result.accuracy["leak_free"]["estimates"] == "bundle"
    assert result.accuracy["given"] is not None
    assert result.pictures["test"] == 18


def test_numbers_are_ordered_by_value(workspace: Workspace) -> None:
    for number, colour in zip((9, 10, 2), COLOURS, strict=True):
        shutil.copytree(workspace.photos / colour, workspace.folder / "numbers" / str(number))
    assert load(workspace.train(workspace.folder / "numbers").bundle).labels == ("2", "9", "10")


def test_a_class_called_test_is_a_class(workspace: Workspace) -> None:
    folder = shutil.copytree(workspace.photos, workspace.folder / "odd")
    (folder / "red").rename(folder / "test")
    assert load(workspace.train(folder).bundle).labels == ("blue", "green", "test")


def test_a_table_may_name_any_label(workspace: Workspace) -> None:
    labels = ['rød "ripe", ünïcode', "it's / blue \\ here", "  spaces "]
    lines = ["path;label"]
    for label, colour in zip(labels, COLOURS, strict=True):
        quoted = label.replace('"', '""')
        lines += [f'photos/{colour}/{path.name};"{quoted}"' for path in workspace.pictures(colour)]
    table = workspace.folder / "table.csv"
    table.write_text("\n".join(lines), encoding="utf-8")
    found = load(workspace.train(table).bundle).labels
    assert {label.strip() for label in found} == {label.strip() for label in labels}


def test_one_label_is_refused(workspace: Workspace) -> None:
    with pytest.raises(DataError, match=r"one label, 'red'.*Add a folder"):
        workspace.train(workspace.some("red", red=6), name="mine")
    assert workspace.kept() == []


def test_a_label_that_a_bundle_cannot_have_is_refused_before_the_training(workspace: Workspace) -> None:
    folder = workspace.some("odd", red=4, blue=4)
    rows = [f"{path},{path.parent.name * (400 if path.parent.name == 'red' else 1)}" for path in folder.glob("*/*.png")]
    (folder / "list.csv").write_text("\n".join(["path,label", *rows]), encoding="utf-8")
    with pytest.raises(DataError, match=r"cannot have these labels: .*Rename"):
        workspace.train(folder / "list.csv")


@pytest.mark.parametrize("label", ["red ", "re\nd", "\u202ered", "\ufeffred\u00a0"])
def test_labels_of_folders_are_those_of_a_bundle(workspace: Workspace, label: str) -> None:
    folder = workspace.some("odd", red=4, blue=4)
    (folder / "red").rename(folder / label)
    prepared = workspace.check(folder)
    assert prepared.pictures == 8
    assert Catalog.load(prepared.run / "catalog.parquet", cache=workspace.cache).labels in {
        ("blue", "red"),
        ("blue", "re d"),
    }


def test_one_picture_of_each_label_is_refused(workspace: Workspace) -> None:
    with pytest.raises(DataError, match=r"could not be evaluated.*Give each label 2 or more"):
        workspace.train(workspace.some("single", red=1, blue=1, green=1))


def test_copies_alone_are_refused(workspace: Workspace) -> None:
    folder = workspace.some("copies", red=1, blue=1)
    for colour in ("red", "blue"):
        shutil.copy(workspace.pictures(colour)[0], folder / colour / "again.png")
    with pytest.raises(DataError, match="independent"):
        workspace.train(folder)


def test_two_pictures_of_each_label_are_enough(workspace: Workspace) -> None:
    result = workspace.train(workspace.some("little", red=2, blue=2))
    leak_free = result.accuracy["leak_free"]
    assert leak_free["classes"] == 2
    assert leak_free["low"] is None
    assert "too few" in leak_free["note"]


def test_a_label_with_one_picture_is_trained_on_and_not_evaluated(workspace: Workspace) -> None:
    result = workspace.train(workspace.some("uneven", red=8, blue=8, green=1))
    assert result.accuracy["leak_free"]["classes"] == 2
    assert load(result.bundle).labels == ("blue", "green", "red")
    assert json.loads((result.run / "metrics.json").read_text())["split"]["unjudged"] == ["green"]


def test_a_label_that_could_not_be_measured_is_never_accepted(workspace: Workspace) -> None:
    photos = workspace.some("uneven", red=12, blue=12, green=1)
    result = workspace.train(photos, at_most_wrong=0.3)
    model = load(result.bundle)
    assert model.manifest.unjudged == {"green"}
    predictions = list(model.predict(sorted(photos.rglob("*.png"))))
    decisions = {(each.label, each.decision) for each in predictions}
    assert ("red", "accept") in decisions
    assert {decision for label, decision in decisions if label == "green"} <= {"review", "unknown"}
    certain = model.decide(np.float32([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]), np.zeros(2, np.float32) - 9)
    assert [(each.label, each.decision) for each in certain] == [("green", "review"), ("blue", "accept")]


def test_pictures_without_labels_are_refused(workspace: Workspace) -> None:
    flat = workspace.folder / "flat"
    shutil.copytree(workspace.photos / "red", flat)
    with pytest.raises(DataError, match="label"):
        workspace.train(flat)


class TestPolicy:
    def test_the_strictest_limit_that_holds_is_applied(self, trained: TrainResult) -> None:
        assert trained.policy is not None
        words = {"sentence", "basis", "share", "error", "needed", "risk", "asked", "floor", "offered"}
        assert set(trained.policy) == words
        assert (trained.policy["asked"], trained.policy["risk"], trained.policy["offered"]) == ("auto", 0.1, None)
        manifest = load(trained.bundle).manifest
        assert manifest.policy == trained.policy
        assert manifest.thresholds.accept >= trained.policy["floor"] >= 0.5
        assert "the strictest of 5, 10 and 20" in trained.report.read_text(encoding="utf-8")

    def test_a_policy_that_needs_more_groups_says_how_many_and_offers_another(self, workspace: Workspace) -> None:
        result = workspace.train(workspace.photos, at_most_wrong=0.05, seed=2)
        assert result.policy is not None
        assert (result.policy["share"], result.policy["error"], result.policy["risk"]) == (0, None, None)
        assert result.policy["needed"] >= 59 - 36
        offered = result.policy["offered"]
        words = shlex.split(offered["command"])
        assert words[:3] == ["discern", "train", str(workspace.photos)]
        options = dict(zip(words[3::2], words[4::2], strict=True))
        assert (options["--seed"], options["--at-most-wrong"]) == ("2", f"{100 * offered['risk']:g}%")
        again = workspace.train(workspace.photos, at_most_wrong=offered["risk"], seed=2).policy
        assert again is not None
        assert {name: again[name] for name in ("risk", "share", "sentence")} == {
            name: offered[name] for name in ("risk", "share", "sentence")
        }
        # No path of this machine is in the bundle.
        kept = load(result.bundle).manifest.policy
        assert kept is not None
        assert kept["offered"] == offered | {"command": kept["offered"]["command"]}
        assert str(workspace.folder) not in kept["offered"]["command"]

    def test_predictions_are_accepted_within_the_error_limit(self, workspace: Workspace) -> None:
        kept = workspace.train(write_colours(workspace.folder / "many", each=24), name="kept", at_most_wrong=0.2)
        assert kept.policy is not None
        assert kept.policy["share"] > 0.2
        assert 0 <= kept.policy["error"]["value"] <= kept.policy["error"]["high"] <= 0.2
        model = load(kept.bundle)
        assert model.manifest.thresholds.accept is not None
        assert "estimated" in model.manifest.policy["sentence"]

    @pytest.mark.parametrize("wrong", [{"at_most_wrong": 5}, {"coverage": 0}])
    def test_invalid_shares_are_refused_before_the_run_is_created(
        self, workspace: Workspace, wrong: dict[str, float]
    ) -> None:
        with pytest.raises(UsageError, match="between 0 and 1"):
            workspace.train(workspace.photos, **wrong)
        assert workspace.kept() == []


class TestNames:
    def write(self, workspace: Workspace, text: str) -> Path:
        path = workspace.folder / "names.csv"
        path.write_text(text)
        return path

    def test_display_names_are_used_in_messages(self, workspace: Workspace) -> None:
        names = self.write(workspace, "label,name,spoken,route\nred,a rose,rose,bay 2\n")
        model = load(workspace.train(workspace.photos, names=names, at_most_wrong=0.05).bundle)
        assert model.manifest.names == {"red": {"name": "a rose", "spoken": "rose", "route": "bay 2"}}
        answer = model(workspace.pictures("red")[0]).to_json()
        assert "a rose" in answer["message"]
        assert (answer["label"], answer["route"]) == ("red", None)

    def test_names_of_other_labels_are_refused_and_no_run_is_left(self, workspace: Workspace) -> None:
        with pytest.raises(NamesError, match="none of the labels"):
            workspace.train(workspace.photos, names=self.write(workspace, "label,name\npurple,x\n"))
        assert workspace.kept() == []

    def test_a_run_is_resumed_only_with_the_same_names(self, workspace: Workspace) -> None:
        names = self.write(workspace, "label,name\nred,rose\n")
        with pytest.raises(KeyboardInterrupt):
            workspace.train(workspace.photos, name="stopped", names=names, progress=interrupt_at("fit"))
        self.write(workspace, "label,name\nred,cherry\n")
        with pytest.raises(RunError, match="names"):
            workspace.train(workspace.photos, name="stopped", names=names, resume=True)


class TestOrder:
    def test_labels_keep_the_order_given(self, workspace: Workspace) -> None:
        ordered = workspace.train(workspace.photos, ordered=["red", "green", "blue"])
        model = load(ordered.bundle)
        assert model.labels == ("red", "green", "blue")
        assert model.manifest.ordered
        assert model(workspace.pictures("blue")[0]).order_value == 2
        metrics = json.loads((ordered.run / "metrics.json").read_text())
        assert metrics["ordered"]["mae"]["value"] < metrics["ordered"]["constant_mae"]["value"]

    def test_an_order_of_other_labels_is_refused(self, workspace: Workspace) -> None:
        with pytest.raises(UsageError, match="order"):
            workspace.train(workspace.photos, ordered=["red", "green"])
        assert workspace.kept() == []


class TestFixes:
    def test_the_accuracy_by_the_labels_before_the_fixes_is_reported(self, workspace: Workspace) -> None:
        wrong = workspace.pictures("red")[0].rename(workspace.photos / "blue" / "red.png")
        dropped = workspace.pictures("green")[0]
        fixes = workspace.folder / "fixes.csv"
        fixes.write_text(
            f"path,action,value,with,score,why\nblue/{wrong.name},relabel,red,,,\ngreen/{dropped.name},drop,,,,\n"
        )
        done = workspace.train(workspace.photos, name="fixed", fixes=fixes)
        metrics = json.loads((done.run / "metrics.json").read_text())
        assert (metrics["fixes"]["dropped"], metrics["fixes"]["relabelled"]) == (1, 1)
        fixed, original = metrics["accuracy"]["leak_free"]["value"], metrics["fixes"]["accuracy_as_it_came"]["value"]
        assert fixed - original == pytest.approx(1 / 35)
        assert "against the original labels" in (done.run / "report.html").read_text().lower()

    def test_without_fixes_there_are_no_fix_metrics(self, trained: TrainResult) -> None:
        assert json.loads((trained.run / "metrics.json").read_text())["fixes"] is None

    def test_a_resumed_run_keeps_the_original_labels(self, workspace: Workspace) -> None:
        fixes = workspace.folder / "fixes.csv"
        picture = workspace.pictures("red")[0].name
        fixes.write_text(f"path,action,value,with,score,why\nred/{picture},relabel,blue,,,\n")
        with pytest.raises(KeyboardInterrupt):
            workspace.train(workspace.photos, name="stopped", fixes=fixes, progress=interrupt_at("fit"))
        done = workspace.train(workspace.photos, name="stopped", fixes=fixes, resume=True)
        assert json.loads((done.run / "metrics.json").read_text())["fixes"]["relabelled"] == 1


class TestHints:
    def write(self, workspace: Workspace, labels: list[str]) -> Path:
        for colour, label in zip(COLOURS, labels, strict=True):
            shutil.copytree(workspace.photos / colour, workspace.folder / "labelled" / label)
        return workspace.folder / "labelled"

    def test_numeric_labels_get_a_hint(self, workspace: Workspace) -> None:
        counted = self.write(workspace, ["1", "2", "10"])
        assert "--ordered numeric" in workspace.train(counted).hints[0]
        ordered = workspace.train(counted, ordered=["numeric"])
        assert ordered.hints == []
        assert load(ordered.bundle)(workspace.pictures("red")[0]).order_value == 10

    def test_other_labels_get_no_hint(self, trained: TrainResult) -> None:
        assert trained.hints == []


class TestNegatives:
    def test_a_folder_of_negatives_is_listed_as_seen(self, workspace: Workspace) -> None:
        others = write_colours(workspace.folder / "others", each=4, seed=7)
        shutil.copy(workspace.pictures("red")[0], others / "red/copy.png")
        model = load(workspace.train(workspace.photos, negatives=others).bundle)
        # The copy of a known picture does not count as a negative.
        assert model.manifest.data["negatives"] == 12
        assert len(model.seen) == 36 + 12

    def test_the_class_folder_other_has_the_negatives(self, workspace: Workspace) -> None:
        shutil.copytree(write_colours(workspace.folder / "others", each=4, seed=7) / "red", workspace.photos / "_other")
        model = load(workspace.train(workspace.photos).bundle)
        assert model.labels == tuple(COLOURS)
        assert model.manifest.data["negatives"] == 4

    def test_an_error_in_the_negatives_says_so(self, workspace: Workspace) -> None:
        (workspace.folder / "none").mkdir()
        with pytest.raises(CatalogError, match=r"The negatives cannot be used: .*none is empty"):
            workspace.train(workspace.photos, negatives=workspace.folder / "none")

    def test_known_pictures_are_refused_as_negatives(self, workspace: Workspace) -> None:
        with pytest.raises(DataError, match=r"training pictures as well.*--negatives"):
            workspace.train(workspace.photos, negatives=workspace.photos)
