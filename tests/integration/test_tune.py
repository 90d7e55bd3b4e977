"""`discern tune`: a search on the training part, whose winner is an ordinary run, compared with the default options."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import discern
from discern.errors import DataError, UsageError
from discern.evaluating.study_trials import TrialRow
from discern.flow.tune.tune_result import TuneResult
from discern.splitting import TEST, Split
from tests.e2e.server_process import Completed, call_here
from tests.integration.workspace import Workspace
from tests.unit.flow.tune.study_factories import write_parts
from tests.waiting import wait_until

pytest.importorskip("optuna")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX knows them")

SPACE = """
[views]
type = "categorical"
values = [1, 2]
[strength]
type = "float"
low = 0.01
high = 100.0
log = true
"""
KEYS = {"study", "folder", "trials", "best", "run", "bundle", "report", "page", "accuracy", "default", "why"}
KEYS |= {"sampler", "notes"}


class Tuning:
    """Studies of one set of pictures."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.workspace = folder, Workspace.at(folder)
        self.photos = write_parts(folder / "pictures")
        self.space = folder / "space.toml"
        self.space.write_text(SPACE)

    def tune(self, source: Path | None = None, **more: Any) -> TuneResult:
        given = {"space": self.space, "runs": self.workspace.runs, "cache": self.workspace.cache} | more
        return discern.tune(source or self.photos, backbone=str(self.workspace.backbone), **given)

    def call(self, *words: str | Path) -> Completed:
        return call_here(self.folder, self._words(*words))

    def start(self, *words: str | Path) -> "subprocess.Popen[bytes]":
        """Start the command in a process of its own."""
        command = [sys.executable, "-m", "discern", *self._words("--runs", self.workspace.runs, *words)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _words(self, *words: str | Path) -> list[str]:
        options = ("--backbone", self.workspace.backbone, "--cache", self.workspace.cache, "--space", self.space)
        return ["tune", str(self.photos), *map(str, options), *map(str, words)]


@pytest.fixture(scope="module")
def tuning(tmp_path_factory: pytest.TempPathFactory) -> Tuning:
    return Tuning(tmp_path_factory.mktemp("tuning"))


@pytest.fixture(scope="module")
def watched() -> list[list[TrialRow]]:
    return []


@pytest.fixture(scope="module")
def started(tuning: Tuning) -> Completed:
    """The output of a study with one trial, which has the default options."""
    return tuning.call("--trials", "1", "--name", "study", "--runs", tuning.workspace.runs)


@pytest.fixture(scope="module")
def killed(started: Completed, tuning: Tuning) -> list[int]:
    """The same study, extended by two workers and killed; the numbers of their processes."""
    assert started.code == 0, started.err
    process = tuning.start("--name", "study", "--trials", "7", "--workers", "2", "--resume")
    journal = tuning.workspace.runs / "study/trials.journal"
    wait_until(lambda: len(workers_in(journal)) > 2 or process.poll() is not None, 120)
    process.send_signal(signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL
    return workers_in(journal)


def workers_in(journal: Path) -> list[int]:
    """Return the process of each trial that was started."""
    return [int(number) for number in re.findall(r'"worker":(\d+)', journal.read_text(encoding="utf-8"))]


@pytest.fixture(scope="module")
def study(killed: list[int], tuning: Tuning, watched: list[list[TrialRow]]) -> TuneResult:
    """The same study, resumed; its winner does not have the default options."""
    return tuning.tune(trials=7, workers=2, name="study", resume=True, watch=lambda rows: watched.append(list(rows)))


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_workers_of_a_killed_study_end(killed: list[int]) -> None:
    wait_until(lambda: not any(map(is_alive, killed)), 60)


def test_no_trial_is_lost_or_done_twice(study: TuneResult) -> None:
    rows = trials_of(study)
    settled = [row for row in rows if row["state"] != "interrupted"]
    assert len(settled) == 7
    assert study.trials["interrupted"] == len(rows) - 7 <= 2
    repeated = [row["repeats"] for row in rows if row["repeats"]]
    assert sorted(repeated) == sorted(row["number"] for row in rows if row["state"] == "interrupted")
    for row in rows:
        if row["repeats"]:
            same = next(each for each in rows if each["number"] == row["repeats"])
            assert drawn(same).items() <= drawn(row).items()


def drawn(row: dict[str, str]) -> dict[str, str]:
    """Return the options that a trial had drawn, of which one that was killed at once may have some or none."""
    return {name: row[name] for name in ("strength", "views") if row[name]}


def trials_of(result: TuneResult) -> list[dict[str, str]]:
    with (result.folder / "trials.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_study_ends_in_an_ordinary_run(study: TuneResult, tuning: Tuning) -> None:
    value = study.to_json()
    assert set(value) == KEYS
    assert json.loads(json.dumps(value)) == value
    assert sum(value["trials"].values()) - value["trials"]["interrupted"] == 7
    run = discern.open_run(study.run)
    assert (run.kind, run.status) == ("train", "done")
    assert discern.verify(study.bundle).passed
    assert discern.load(study.bundle).manifest.name == "study"
    assert study.report.is_file()
    assert run.metrics.accuracy.leak_free.to_json() == study.accuracy
    assert run.facts["config"]["head"]["strength"] == study.best["params"]["strength"]
    assert run.facts["config"]["views"] == study.best["params"]["views"]


def test_the_run_is_trained_on_the_training_part_and_judged_on_the_test_part(study: TuneResult) -> None:
    split = Split.from_json(json.loads((study.folder / "split.json").read_text()))
    assert split.method == "test-part"
    for folder in (study.run, Path(study.default["run"])):
        run = discern.open_run(folder)
        assert (folder / "split.json").read_bytes() == (study.folder / "split.json").read_bytes()
        assert sorted(run.answers["row"]) == split.held_out_rows(TEST).tolist()
        seen = discern.load(folder / "model.discern").manifest.data["pictures"]
        assert seen == len(split.training_rows(TEST))


def test_the_best_is_compared_with_the_default_options_in_pairs(study: TuneResult) -> None:
    runs = [discern.open_run(folder) for folder in (study.run, study.default["run"])]
    best, default = (run.answers.sort("path") for run in runs)
    assert best["path"].to_list() == default["path"].to_list()
    accuracies = [(each["label"] == each["answer"]).mean() for each in (best, default)]
    assert study.default["difference"]["value"] == pytest.approx(accuracies[0] - accuracies[1])
    assert study.why.startswith("On the test part, the best options against the default ones: ")
    assert (study.folder / "comparison.html").is_file()
    settings = runs[1].facts["config"]
    assert (settings["head"]["strength"], settings["views"]) == (10.0, 2)


def test_the_best_trial_is_the_one_with_the_lowest_value(study: TuneResult) -> None:
    rows = trials_of(study)
    done = {int(row["number"]): float(row["value"]) for row in rows if row["state"] == "done"}
    assert study.best["value"] == min(done.values())
    assert done[study.best["trial"]] == min(done.values())
    first = next(row for row in rows if row["default"] == "true")
    assert (first["number"], first["strength"], first["views"]) == ("0", "10.0", "2")
    assert study.default["value"] == float(first["value"])
    assert study.best["value"] < study.default["value"]


def test_the_trials_can_be_watched(study: TuneResult, watched: list[list[TrialRow]]) -> None:
    assert [row.number for row in watched[-1]] == list(range(len(trials_of(study))))
    assert {row.state for row in watched[-1]} <= {"done", "pruned", "interrupted"}
    assert all(before != after for before, after in pairwise(watched))


def test_the_page_has_every_trial_and_names_no_folder(study: TuneResult, tuning: Tuning) -> None:
    page = study.page.read_text(encoding="utf-8")
    assert study.why in page.replace("&#43;", "+")
    assert page.count("data-trial=") >= 7
    assert str(tuning.folder) not in page
    assert "best/report.html" in page


def test_a_finished_study_is_only_read_again(study: TuneResult, tuning: Tuning) -> None:
    before = study.bundle.stat().st_mtime_ns
    done = tuning.call("--name", "study", "--trials", "7", "--resume", "--json", "--runs", tuning.workspace.runs)
    assert (done.code, done.err) == (0, f"hint: {study.notes[0]}\n")
    assert json.loads(done.out) == study.to_json()
    assert study.bundle.stat().st_mtime_ns == before


def test_an_extended_study_says_how_often_the_test_part_was_used(study: TuneResult) -> None:
    assert study.notes[0].startswith("2 trials were judged on the test part")


def test_too_few_pictures_for_a_test_part_are_refused(tuning: Tuning) -> None:
    few = tuning.workspace.some("few", red=4, blue=4)
    with pytest.raises(DataError, match="needs a test part that no trial sees"):
        tuning.tune(few, trials=1, name="few")
    assert not (tuning.workspace.runs / "few").exists()


def test_the_command_prints_a_line_for_each_trial(started: Completed, tuning: Tuning) -> None:
    lines = started.out.splitlines()
    assert lines[0].startswith("trial 0 (default): 0.")
    assert any(line.startswith("best trial:                0, log loss 0.") for line in lines)
    assert "No other trial has a better log loss than the default options, so the model has those." in lines
    assert lines[-1] == f"bundle: {tuning.workspace.runs / 'study/best/model.discern'}"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--space", "bananas"], "There is no search space 'bananas'"),
        (["--workers", "0"], "--workers"),
        (["--trials", "0"], "--trials"),
        (["--timeout", "soon"], "Invalid timeout: soon"),
        (["--storage", "mysql://ada:secret@host/db"], "Unknown storage: 'mysql://ada:***@host/db'"),
        (["--storage", "sqlite:////missing/folder/trials.db"], "trials.db cannot be used: (sqlite3"),
        (["--measure", "f1"], "Unknown measure: 'f1'"),
        (["--name", "study"], "There is already a run"),
        (["--name", "study", "--resume", "--seed", "4"], "started with another seed. Resume"),
        (["--name", "study", "--resume", "--measure", "accuracy"], "started with another measure. Resume"),
    ],
)
def test_invalid_options_are_refused_in_a_line(
    study: TuneResult, tuning: Tuning, options: list[str], words: str
) -> None:
    done = tuning.call(*options, "--runs", tuning.workspace.runs)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert words in done.err
    assert "secret" not in done.err


def test_options_are_those_of_train(tuning: Tuning) -> None:
    with pytest.raises(UsageError, match="Invalid size"):
        tuning.tune(trials=1, size=0)
