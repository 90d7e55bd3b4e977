"""`discern check`: what is wrong with some pictures, without changing any."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from discern.checking import count_findings
from discern.flow.prepare import PrepareConfig, prepare
from discern.flow.run import Run
from discern.progress import Progress, silent
from discern.reporting import write_data_page


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What a check found.

    Attributes:
        run: the run's folder.
        pictures: how many pictures can be read.
        unreadable: how many files cannot.
        findings: how often each check found something; every check is there.
        fixes: the fixes.csv that a person may edit and apply.
        page: a page that shows the data and its faults.
    """

    run: Path
    pictures: int
    unreadable: int
    findings: dict[str, int]
    fixes: Path
    page: Path

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not any(self.findings.values())

    def to_json(self) -> dict[str, Any]:
        """Plain values; paths are absolute."""
        return asdict(self) | {"run": str(self.run), "fixes": str(self.fixes), "page": str(self.page)}


def check(
    source: str | Path,
    *,
    name: str | None = None,
    runs: str | Path = "runs",
    fixes: str | Path | None = None,
    backbone: str = "lite0",
    resume: bool = False,
    cache: str | Path | None = None,
    progress: Progress = silent,
) -> CheckResult:
    """Say what is wrong with some pictures, and propose what a person may do.

    Args:
        source: a folder of pictures, a list (CSV, Parquet, .lst, .manifest), or an archive; never changed.
        name: the run's name; None: called after the source, with a number.
        runs: the folder of all runs.
        fixes: a fixes.csv to apply first.
        backbone: what looks at the pictures: a name, or the path of an ONNX file.
        resume: go on with an interrupted run of that name.
        cache: where computed things are kept; None: the user's cache folder.
        progress: is told how far the work is.

    Raises:
        DiscernError: the source, the fixes or the run's name cannot be used.
    """
    config = PrepareConfig.of(source, fixes=fixes, backbone=backbone)
    run = Run.create(source, name=name, runs=runs, resume=resume, config=config.to_json())
    with run.held():
        prepared = prepare(run, config, cache=cache, progress=progress)
        with run.stage("page", progress), run.writing("data.html") as page:
            write_data_page(page, catalog=prepared.catalog, findings=prepared.findings, title=run.folder.name)
        run.save(status="done")
    readable = int(prepared.catalog.readable.sum())
    return CheckResult(
        run=run.folder,
        pictures=readable,
        unreadable=len(prepared.catalog.table) - readable,
        findings=count_findings(prepared.findings),
        fixes=run.path("fixes.csv"),
        page=run.path("data.html"),
    )
