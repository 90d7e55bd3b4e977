"""Options of training methods from the command line, a file and a former run, and what a run records of them."""

import csv
import json
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import discern
from discern.errors import UsageError
from discern.evaluating import EpochMetrics
from discern.flow.train import TrainResult
from discern.training.method_presets import PRESETS, spell_options
from tests.e2e.format_pages import Checker, read_page
from tests.e2e.server_process import call_here
from tests.integration.workspace import Workspace

QUICK = {"epochs": 2, "batch": 12, "folds": 2}


def config_of(run: Path | str) -> dict[str, Any]:
    return dict(json.loads((Path(run) / "run.json").read_text())["config"])


def rows_of(run: Path | str) -> list[dict[str, str]]:
    with (Path(run) / "curves.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _cells(line: str) -> list[str]:
    return line.split("|") if line.startswith("| `") else []


@pytest.fixture(scope="module")
def hidden(shared_workspace: Workspace) -> TrainResult:
    pytest.importorskip("torch", reason="PyTorch is optional")
    return shared_workspace.train(shared_workspace.photos, name="hidden", hidden=8, dropout=0.1, lr=0.02, **QUICK)


@pytest.fixture(scope="module")
def preset(shared_workspace: Workspace) -> TrainResult:
    pytest.importorskip("torch", reason="PyTorch is optional")
    given = {"preset": "bins-simple", "size": 16, "epochs": 1, "mirror": None, "folds": 2}
    return shared_workspace.train(shared_workspace.photos, name="preset", **given)


class TestWithoutTorch:
    """These need no PyTorch."""

    @pytest.mark.parametrize("folds", [2, 3])
    def test_the_probe_is_cross_validated_in_the_folds_that_were_asked_for(
        self, shared_workspace: Workspace, folds: int
    ) -> None:
        result = shared_workspace.train(shared_workspace.photos, name=f"folds-{folds}", folds=folds)
        split = json.loads((result.run / "split.json").read_text())
        assert split["held"] == list(range(folds))
        assert f"{folds} folds was asked for" in split["reason"]
        assert result.accuracy["leak_free"]["method"] == "grouped-cv"
        assert len(result.answers) == 36
        config = config_of(result.run)
        assert config["folds"] == config["split"]["folds"] == folds
        assert discern.options_of(result.run)["folds"] == folds
        assert not (result.run / "curves.csv").exists()

    def test_fewer_folds_than_were_asked_for_are_said(self, shared_workspace: Workspace) -> None:
        result = shared_workspace.train(
            shared_workspace.some("too-few-for-folds", red=4, blue=4), name="too-many-folds", folds=30, coverage=None
        )
        assert any("4 folds instead of 30" in hint for hint in result.hints)

    @pytest.mark.parametrize("folds", [1, 0, -3, 2.5, True])
    def test_a_number_of_folds_that_is_none_is_refused(self, shared_workspace: Workspace, folds: Any) -> None:
        with pytest.raises(UsageError, match="Cross-validation is not possible"):
            shared_workspace.train(shared_workspace.photos, name="no-folds", folds=folds)
        assert "no-folds" not in shared_workspace.kept()

    @pytest.mark.parametrize(
        ("words", "message", "hint"),
        [
            (["--epochs", "3"], "'probe' does not use --epochs", "--method scratch"),
            (["--method", "scratch", "--hidden", "8"], "'scratch' does not use --hidden", "--network banana-cnn"),
            (["--method", "scratch", "--dropout", ".1"], "'scratch' does not use --dropout", "--hidden"),
            (["--method", "finetune", "--network", "small"], "'finetune' does not use --network", "--method scratch"),
            (["--method", "scratch", "--network", "vgg"], "Invalid network: vgg", "resnet9"),
            (["--method", "scratch", "--budget", "9m"], "'scratch' does not use --budget", "--method auto"),
            (["--method", "auto", "--budget", "soon"], "Invalid budget: soon", "20m"),
            (["--hidden", "0"], "Invalid hidden: 0", "from 1 to"),
            (["--hidden", "8", "--dropout", "1"], "Invalid dropout: 1", "from 0 to 0.95"),
            (["--hidden", "8", "--augment", "light"], "does not use --augment", "--method scratch"),
            (["--method", "scratch", "--augment", "none", "--mirror"], "no picture is mirrored", "--mirror"),
            (["--method", "scratch", "--device", "tpu"], "Invalid device: tpu", "cuda"),
            (["--preset", "bananas"], "Unknown preset: bananas", "banana-cnn"),
            (["--preset", "banana-cnn", "--method", "probe", "--lr", ".1"], "does not use --lr", "--method"),
        ],
    )
    def test_what_a_method_does_not_use_is_refused_before_a_picture_is_read(
        self, tmp_path: Path, words: list[str], message: str, hint: str
    ) -> None:
        done = call_here(tmp_path, ["train", "there-are-no-pictures", *words])
        assert done.code == 2
        assert message in done.err
        assert hint in done.err
        assert not (tmp_path / "runs").exists()

    def test_the_options_have_a_panel_of_their_own(self, tmp_path: Path) -> None:
        shown = call_here(tmp_path, ["train", "--help"]).out
        panel = shown.split("Training method")[1]
        for option in ("--method", "--preset", "--network", "--epochs", "--hidden", "--no-mirror", "--folds"):
            assert option in panel

    def test_the_documented_presets_are_those_that_there_are(self) -> None:
        text = (Path(__file__).parents[2] / "docs/methods.md").read_text("utf-8").split("## Presets")[1]
        rows = {cells[1].strip(" `"): cells[3].strip(" `") for cells in map(_cells, text.splitlines()) if cells}
        assert rows == {name: spell_options(options) for name, options in PRESETS.items()}


class TestWithTorch:
    @pytest.fixture(autouse=True)
    def _torch(self) -> None:
        pytest.importorskip("torch", reason="PyTorch is optional")

    def test_the_result_says_how_the_model_was_trained(self, hidden: TrainResult) -> None:
        method = hidden.to_json()["method"]
        assert method["name"] == "probe"
        assert method["why"].startswith("It was asked for with --method probe")
        assert "--hidden 8 --dropout 0.1" in method["why"]
        assert method["epochs"] == 2
        assert method["best_epoch"] in (1, 2)
        assert method["parameters"] == 9 * 8 + 8 + 2 * 8 + 8 * 3 + 3

    def test_the_curves_have_a_row_for_each_epoch_and_one_best(self, hidden: TrainResult) -> None:
        rows = rows_of(hidden.run)
        assert list(rows[0]) == [each.name for each in fields(EpochMetrics)]
        assert list(rows[0]) == read_page("run.md").column("curvescsv", "Column")
        assert [row["epoch"] for row in rows] == ["1", "2"]
        assert [row["epoch"] for row in rows if row["best"] == "true"] == [str(hidden.method["best_epoch"])]
        for row in rows:
            assert 0 <= float(row["train_accuracy"]) <= 1
            assert 0 <= float(row["held_out_accuracy"]) <= 1
            assert float(row["train_loss"]) > 0

    def test_the_report_shows_the_curves_and_the_probe_has_none(
        self, hidden: TrainResult, trained: TrainResult
    ) -> None:
        page = hidden.report.read_text("utf-8")
        assert 'id="training"' in page
        assert "Loss by epoch" in page
        assert "Accuracy by epoch" in page
        assert 'id="training"' not in trained.report.read_text("utf-8")

    def test_run_and_bundle_record_the_settings(self, hidden: TrainResult) -> None:
        config = config_of(hidden.run)
        given = {"hidden": 8, "dropout": 0.1, "lr": 0.02, **QUICK}
        assert {name: config.get(name) for name in given} == given
        assert "method" not in config
        with zipfile.ZipFile(hidden.bundle) as bundle:
            recorded = json.loads(bundle.read("bundle.json"))["config"]
        assert {name: recorded.get(name) for name in given} == given

    def test_the_recorded_keys_are_documented(self, hidden: TrainResult) -> None:
        checker, page = Checker(), read_page("run.md")
        known = page.types("method-settings")
        config = {name: value for name, value in config_of(hidden.run).items() if name in known}
        checker.check_keys(config, known, "run.md", "method-settings", "config")
        assert checker.problems == []
        assert {"hidden", "dropout", "lr", "epochs", "batch", "folds"} == config.keys()

    def test_the_bundle_verifies_itself_and_answers(
        self, hidden: TrainResult, shared_workspace: Workspace, tmp_path: Path
    ) -> None:
        assert call_here(tmp_path, ["verify", hidden.bundle]).code == 0
        prediction = discern.load(hidden.bundle)(shared_workspace.pictures("red")[0])
        assert prediction.label in ("blue", "green", "red")

    def test_a_former_run_gives_the_same_bytes(self, hidden: TrainResult, shared_workspace: Workspace) -> None:
        options = discern.options_of(hidden.run)
        again = discern.train(**options, name="hidden-again", runs=shared_workspace.runs, cache=shared_workspace.cache)
        for name in ("metrics.json", "answers.parquet", "curves.csv", "split.json"):
            assert (again.run / name).read_bytes() == (hidden.run / name).read_bytes(), name
        with zipfile.ZipFile(hidden.bundle) as first, zipfile.ZipFile(again.bundle) as second:
            assert first.read("model.onnx") == second.read("model.onnx")

    def test_an_order_of_labels_is_learned(self, shared_workspace: Workspace) -> None:
        order = ("blue", "green", "red")
        result = shared_workspace.train(shared_workspace.photos, name="order", ordered=order, hidden=8, **QUICK)
        assert result.metrics.ordered is not None

    def test_a_preset_trains_its_network_and_says_what_it_stands_for(self, preset: TrainResult) -> None:
        assert preset.method["name"] == "scratch"
        assert "--preset bins-simple, which stands for --method scratch" in preset.method["why"]
        assert "here with --epochs 1" in preset.method["why"]
        described = preset.metrics.head["method"]["settings"]
        assert described["network"] == "bins-simple"
        assert described["hidden"] == PRESETS["bins-simple"]["hidden"]
        assert described["epochs"] == 1
        assert preset.method["why"] in preset.report.read_text("utf-8")

    def test_a_preset_is_recorded_and_can_be_replaced_by_another_one(self, preset: TrainResult) -> None:
        config = config_of(preset.run)
        assert config["preset"] == "bins-simple"
        assert config["method"] == "scratch"
        assert config["network"] == "bins-simple"
        options = discern.options_of(preset.run)
        assert options["preset"] == "bins-simple"
        assert options["epochs"] == 1
        assert options["size"] == 16
        assert (options["method"], options["network"], options["batch"], options["fit"]) == (None, None, None, None)

    def test_a_file_of_options_may_name_a_preset(self, shared_workspace: Workspace, tmp_path: Path) -> None:
        (tmp_path / "discern.toml").write_text(
            '[train]\npreset = "banana-cnn"\nepochs = 1\nhidden = 4\nmirror = false\nfolds = 2\nsize = 16\n'
        )
        words = ["train", shared_workspace.photos, "--backbone", shared_workspace.backbone, "--dropout", "0"]
        done = call_here(tmp_path, [*words, "--cache", shared_workspace.cache, "--name", "file", "--json"])
        assert done.code == 0, done.err
        result = json.loads(done.out)
        assert "here with" in result["method"]["why"]
        for option in ("--epochs 1", "--hidden 4", "--dropout 0", "--no-mirror"):
            assert option in result["method"]["why"].split("here with")[1]
        shown = call_here(
            tmp_path, ["train", "--like", result["run"], "--config", "none", "--name", "file", "--resume"]
        )
        assert "method:                    scratch, best epoch 1 of 1" in shown.out

    def test_without_weights_a_transfer_preset_says_how_to_bring_them(
        self, shared_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("DISCERN_WEIGHTS", raising=False)
        with pytest.raises(discern.DiscernError, match="resnet101") as caught:
            discern.train(shared_workspace.photos, preset="banana-transfer", runs=shared_workspace.runs, name="none")
        assert "--weights" in caught.value.hint
        assert "DISCERN_WEIGHTS" in caught.value.hint
