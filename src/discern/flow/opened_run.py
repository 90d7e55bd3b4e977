"""Tables and metrics of the run of an earlier command (`discern.open_run`)."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import polars as pl

from discern.catalog import Catalog
from discern.display.displayed import Displayed
from discern.display.html_card import HtmlCard
from discern.errors import RunError
from discern.evaluating import ClassificationMetrics, Metrics
from discern.flow.prepare import CATALOG
from discern.flow.run import Run
from discern.flow.run_findings import load_findings

ANSWERS, METRICS, EVALUATION = "answers.parquet", "metrics.json", "evaluation.json"
Kind = Literal["check", "split", "train", "evaluate"]

_NEVER = {
    ANSWERS: "a run of `discern {kind}` has no predictions",
    METRICS: "a run of `discern {kind}` measures no model",
    CATALOG: "a run of `discern {kind}` has no table of the pictures",
}
_WITH = {
    ANSWERS: ("train", "evaluate"),
    METRICS: ("train", "evaluate"),
    CATALOG: ("check", "split", "train"),
}


class OpenedRun(Displayed):
    """Folder of a run with its tables and metrics, each of which is read when it is first asked for.

    Attributes:
        folder: absolute path of the run.
        facts: contents of run.json.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self.folder = run.folder
        self.facts: dict[str, Any] = run.facts

    @property
    def kind(self) -> Kind:
        """Return the command that wrote the run: "check", "split", "train" or "evaluate"."""
        config = self.facts["config"]
        if "models" in config:
            return "evaluate"
        if "at_most_wrong" in config:
            return "train"
        return "split" if "parts" in config else "check"

    @property
    def status(self) -> str:
        """Return "done", or "running" if the run was interrupted or has not ended yet."""
        return str(self.facts["status"])

    @cached_property
    def catalog(self) -> Catalog:
        """Return the catalog of the run's pictures, after fixes and without thumbnails."""
        self._require(CATALOG)
        with self._run.reading(CATALOG) as path:
            return Catalog.load_table(path)

    @cached_property
    def answers(self) -> pl.DataFrame:
        """Return the held-out predictions of a training, or those of an evaluation, with one row per picture.

        The columns of a training are `row` (in the catalog), `path`, `label`, `answer`, `confidence`, `unknown_score`
        and `t_unknown`; those of an evaluation are in `EvaluateResult`.
        """
        self._require(ANSWERS)
        with self._run.reading(ANSWERS) as path:
            return pl.read_parquet(path)

    @cached_property
    def metrics(self) -> Metrics | ClassificationMetrics:
        """Return the metrics of a training (`Metrics`) or of an evaluation (`ClassificationMetrics`)."""
        name = EVALUATION if self.kind == "evaluate" else METRICS
        self._require(METRICS, name)
        with self._run.reading(name) as path:
            plain = json.loads(path.read_text(encoding="utf-8"))
            return (ClassificationMetrics if name == EVALUATION else Metrics).from_json(plain)

    @cached_property
    def findings(self) -> pl.DataFrame:
        """Return the findings of the data checks, one row each.

        The columns are `check`, `paths` (the picture that a proposed fix is for comes first), `score`, `action`,
        `value` and `why`. In a run of an earlier version they are found again from its catalog and its fixes.csv, so
        that findings about many pictures are missing.
        """
        if self.kind == "evaluate":
            raise RunError(
                f"The run at {self.folder} has no findings: `discern evaluate` does not check pictures.",
                hint="Run `discern check` on the pictures, and open that run.",
            )
        return load_findings(self._run)[1]

    def _require(self, of: str, name: str | None = None) -> None:
        """Raise RunError if a file is missing, with the reason."""
        name = name or of
        if self._run.path(name).exists():
            return
        if self.kind not in _WITH[of]:
            reason = _NEVER[of].format(kind=self.kind)
            remedy = f"Open a run of {' or '.join(f'`discern {kind}`' for kind in _WITH[of])}."
        elif not self._run.finished:
            reason = "the run was interrupted before it was written, or is still running"
            remedy = "Wait until the run has ended, or resume it with --resume and --name."
        else:
            reason = "it was deleted, or the run is of a version that did not write it"
            remedy = "Run the same command again."
        raise RunError(f"The run at {self.folder} has no {name}: {reason}.", hint=remedy)

    def _brief(self) -> dict[str, Any]:
        return {"folder": self.folder, "kind": self.kind, "status": self.status}

    def _to_card(self) -> HtmlCard:
        facts = [("status", self.status), ("created", self.facts.get("created", "")), ("folder", self.folder)]
        files = sorted(path.name for path in self.folder.iterdir() if not path.name.startswith("."))
        card = HtmlCard(f"Discern · run of {self.kind}", self.folder.name).facts(facts)
        return card.facts([("files", ", ".join(files))])


def open_run(folder: str | Path) -> OpenedRun:
    """Open the folder of a run, to read its tables and metrics.

    Runs of earlier versions can be opened as well. Nothing is written.

    Args:
        folder: folder of a run of `check`, `split`, `train` or `evaluate`.

    Raises:
        UsageError: the path is invalid.
        RunError: the folder is not a run, or was written by a newer version.
    """
    return OpenedRun(Run.open(folder))
