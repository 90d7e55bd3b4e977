"""Functions that find data quality problems in an image data set (`discern check`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discern.catalog.account import Account
from discern.catalog.left_out import LEFT_OUT
from discern.checking import conflicted, count_findings
from discern.display.displayed import Displayed
from discern.display.html_card import HtmlCard
from discern.flow.input_options import InputOptions
from discern.flow.prepare import PrepareConfig, Prepared, prepare
from discern.flow.result_cards import check_card
from discern.flow.run import Run
from discern.flow.run_notes import notes_of
from discern.flow.source_options import SourceKeywords
from discern.progress import Progress, silent
from discern.reporting import write_data_page, write_plots
from discern.splitting import make_split

_PLOTS = "plots"


@dataclass(frozen=True, kw_only=True, repr=False)
class CheckResult(Displayed):
    """Result of `discern.check`, with the number of findings and the paths of its output files.

    Attributes:
        run: folder of the run.
        pictures: number of readable pictures.
        unreadable: number of unreadable files.
        findings: number of findings of each check, zeros included; `open_run(run).findings` is their table.
        fixes: fixes.csv with the proposed fixes, to edit and apply.
        page: HTML report of the data and the findings.
        account: the classes, and the number of files used and left out.
        left_out_file: left_out.csv, which lists the files left out with their reasons.
        notes: sentences about how lists of labels were understood, and about classes that are one film.
        plots: folder of the figures; None if none were requested.
    """

    run: Path
    pictures: int
    unreadable: int
    findings: dict[str, int]
    fixes: Path
    page: Path
    account: Account
    left_out_file: Path
    notes: tuple[str, ...] = ()
    plots: Path | None = None

    @property
    def clean(self) -> bool:
        """Return True if no data quality check reported a finding."""
        return not any(self.findings.values())

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary with absolute paths.

        With `group_by`, `ungrouped` is the number of pictures that it does not match, each of which is its own group.

        Keys:
            run: folder of the run.
            pictures: number of readable pictures.
            found: number of files, each used or left out; members of archives count as files.
            used: number of readable pictures with a label.
            unreadable: number of unreadable files, as in `left_out`.
            left_out: number of files left out for each reason, zeros included.
            left_out_file: left_out.csv, which lists these files with their reasons.
            classes: number of pictures of each class, after fixes.
            unjudged: labels without two independent pictures, so that their accuracy cannot be measured.
            links_not_followed: paths of the links that are not followed.
            folders_without_pictures: folders without a readable picture, with their number of files; 0 if empty.
            classes_without_pictures: labels of folders or lists that no readable picture has, with their files.
            findings: number of findings of each check, zeros included.
            fixes: fixes.csv with the proposed fixes, to edit and apply.
            page: HTML report of the data and the findings.
            plots: folder of the figures; only if they were requested.
        """
        plain = self.account.to_json() | {
            "run": str(self.run),
            "pictures": self.pictures,
            "findings": self.findings,
            "fixes": str(self.fixes),
            "page": str(self.page),
            "left_out_file": str(self.left_out_file),
        }
        return plain if self.plots is None else plain | {"plots": str(self.plots)}

    def _brief(self) -> dict[str, Any]:
        return {"run": self.run, "pictures": self.pictures, "findings": sum(self.findings.values())}

    def _to_card(self) -> HtmlCard:
        return check_card(self.to_json(), notes=self.notes)


def check(
    source: str | Path,
    *,
    name: str | None = None,
    runs: str | Path = "runs",
    fixes: str | Path | None = None,
    backbone: str = "lite0",
    parts_of: Mapping[str, str] | None = None,
    group_by: str | None = None,
    classes: str | Path | Sequence[str] | None = None,
    label_from: str | None = None,
    size: int | None = None,
    fit: str | None = None,
    mean: float | Sequence[float] | None = None,
    deviation: float | Sequence[float] | None = None,
    scale: float | None = None,
    weights: str | Path | None = None,
    plots: bool = False,
    thresholds: Mapping[str, float] | None = None,
    like: str | Path | None = None,
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
        parts_of: folders that are parts, such as `{"train": "seg_train", "test": "seg_test"}`; empty if the outermost
            folders are classes, whatever their names; None to go by their names.
        group_by: regular expression that is searched in each path relative to the source, with "/"; the match, or its
            first group, names the picture's group; a picture without a match is its own group. It replaces the groups
            of a list. None to use those.
        classes: labels of the classes to use, as a sequence, separated by commas, or in a file with one per line or a
            column `label`; pictures of other classes are left out. None for all.
        label_from: key of the label in JSON files that belong to pictures (`1.json` beside `1.jpg`, or in a folder
            beside its folder), with dots for nested keys; or column of a list. None for the usual ones.
        size: side of the network's input in pixels, where the backbone allows it; None for the backbone's own.
        fit: "crop", "pad" (whole, with borders) or "squash" (whole, made square); None to go by the pictures' shapes.
        mean: mean to subtract for an ONNX file that takes float pictures, one number or RGB; None: from its metadata.
        deviation: standard deviation to divide by after that, likewise.
        scale: value of white before both, 1 or 255; None to follow from their size.
        weights: file of weights for a network of timm or torchvision, or a folder of such files; None for the folder in
            the environment variable `DISCERN_WEIGHTS`.
        plots: write the figures on the pictures for slides to `plots/` in the run, each as PNG, SVG and JSON.
        thresholds: thresholds of checks by the check's name, such as `{"blurred": 0.2}`, which replace the defaults;
            docs/cleaning.md lists them.
        like: former run, whose data the notes compare with these; `discern.options_of` gives its options.
        resume: resume the interrupted run of that name.
        cache: directory of the feature cache; None for the user's cache directory.
        progress: called with the stage, items done and items in all.

    Raises:
        DiscernError: the source, the fixes or the run's name cannot be used.
    """
    reading = SourceKeywords(parts_of=parts_of, group_by=group_by, classes=classes, label_from=label_from)
    inputs = InputOptions.checked_input(
        size=size, fit=fit, mean=mean, deviation=deviation, scale=scale, weights=weights
    )
    config = PrepareConfig.of(source, fixes=fixes, backbone=backbone, thresholds=thresholds, inputs=inputs, **reading)
    run = Run.create(source, name=name, runs=runs, resume=resume, config=config.to_json())
    with run.locked():
        prepared = prepare(run, config, cache=cache, progress=progress)
        account = Account.of(prepared.catalog, unjudged=_unjudged(prepared), grouped=group_by is not None)
        with run.stage("page", progress), run.writing("data.html") as page:
            write_data_page(
                page,
                catalog=prepared.catalog,
                findings=prepared.findings,
                title=run.folder.name,
                unjudged=account.unjudged,
            )
        if plots:
            with run.stage("plots", progress), run.writing(_PLOTS) as folder:
                write_plots(folder, prepared.catalog, name=run.folder.name)
        run.save(status="done", **account.to_json())
    return CheckResult(
        run=run.folder,
        pictures=int(prepared.catalog.readable.sum()),
        unreadable=account.unreadable,
        findings=count_findings(prepared.findings),
        fixes=run.path("fixes.csv"),
        page=run.path("data.html"),
        account=account,
        left_out_file=run.path(LEFT_OUT),
        notes=(*prepared.catalog.notes, *prepared.film_notes, *prepared.data.backbone.notes, *notes_of(run, like)),
        plots=run.path(_PLOTS) if plots else None,
    )


def _unjudged(prepared: Prepared) -> tuple[str, ...]:
    """Return the labels that `split` and `train` cannot evaluate."""
    if not prepared.catalog.labels:
        return ()
    exclude = conflicted(prepared.catalog, prepared.edges)
    return make_split(prepared.catalog, prepared.groups, exclude=exclude).unevaluated
