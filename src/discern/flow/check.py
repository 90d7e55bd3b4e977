"""Functions that find data quality problems in an image data set (`discern check`)."""

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
    """Result of `discern.check`, with the number of findings and the paths of its output files.

    Attributes:
        run: folder of the run.
        pictures: number of readable pictures.
        unreadable: number of unreadable files.
        findings: number of findings of each check, zeros included.
        fixes: fixes.csv with the proposed fixes, to edit and apply.
        page: HTML report of the data and the findings.
        notes: sentences about how lists of labels were understood.
    """

    run: Path
    pictures: int
    unreadable: int
    findings: dict[str, int]
    fixes: Path
    page: Path
    notes: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Return True if no data quality check reported a finding."""
        return not any(self.findings.values())

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary with absolute paths."""
        plain = asdict(self) | {"run": str(self.run), "fixes": str(self.fixes), "page": str(self.page)}
        del plain["notes"]
        return plain


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
    """Find data quality problems in an image data set and propose fixes.

    Args:
        source: a folder of pictures, a list (CSV, Parquet, .lst, .manifest), or an archive; never changed.
        name: name of the run; None for the source's name and a number.
        runs: folder of all runs.
        fixes: path of a fixes.csv to apply first.
        backbone: feature extractor: a name, or the path of an ONNX file.
        resume: resume the interrupted run of that name.
        cache: directory of the feature cache; None for the user's cache directory.
        progress: called with the stage, items done and items in all.

    Raises:
        DiscernError: the source, the fixes or the run's name cannot be used.
    """
    config = PrepareConfig.of(source, fixes=fixes, backbone=backbone)
    run = Run.create(source, name=name, runs=runs, resume=resume, config=config.to_json())
    with run.locked():
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
        notes=prepared.catalog.notes,
    )
