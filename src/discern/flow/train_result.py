"""Dataclass that holds the result of `discern train`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from discern.catalog.account import Account
from discern.display.displayed import Displayed
from discern.display.html_card import HtmlCard
from discern.evaluating import Metrics
from discern.flow.opened_run import open_run
from discern.flow.result_cards import train_card


@dataclass(frozen=True, kw_only=True, repr=False)
class TrainResult(Displayed):
    """Result of `discern.train`, with the classifier's accuracy and the output files.

    Attributes:
        run: directory of the run.
        bundle: path of the model, `model.discern`.
        report: path of the report, `report.html`.
        pictures: number of pictures by part, and of those unused and unreadable.
        accuracy: `leak_free`, `naive`, `given`, `difference` and `unlike`, each with value, low and high; `unlike` has
            the `share` of the evaluated pictures that it covers and its `alarm` as well, None where it is not measured.
        ece: expected calibration error; chance alone gives `chance` on average and rarely more than `null95`.
        policy: the accept policy; None without an error limit.
        counts: `mae`, `rmse`, `within_one` and `constant_mae`, that of the best constant answer, in units of the
            labels; None if a label is not a number. In JSON, they are in metrics.json.
        seconds: wall time by stage.
        account: the classes, and the number of files used and left out.
        left_out_file: left_out.csv, which lists the files left out with their reasons; None in a finished run of an
            earlier version.
        basis: number of `pictures` that the accuracy was measured on, their `weight`, where copies count as one, and
            their independent `groups`; None in a finished run of an earlier version. In JSON, they are in metrics.json.
        method: `name` of the training method, `why` it was used, `epochs` that it ran, the `best_epoch`, whose weights
            are in the bundle, and its `parameters`, the number of trained weights; null where the method has none.
        hints: options that the data suggest, classes that are one film, fixes that were applied, and what has changed
            since the former run, in sentences.
    """

    run: Path
    bundle: Path
    report: Path
    pictures: dict[str, int]
    accuracy: dict[str, Any]
    ece: dict[str, Any]
    policy: dict[str, Any] | None
    seconds: dict[str, float]
    account: Account
    left_out_file: Path | None
    counts: dict[str, float | None] | None = None
    basis: dict[str, float] | None = None
    method: dict[str, Any] = field(default_factory=dict)
    hints: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary with absolute paths.

        With `group_by`, `ungrouped` is the number of pictures that it does not match, each of which is its own group.

        Keys:
            run: directory of the run.
            bundle: path of the model, `model.discern`.
            report: path of the report, `report.html`.
            pictures: number of pictures by part, and of those unused and unreadable.
            accuracy: `leak_free`, `naive`, `given`, `difference` and `unlike`, each with value, low and high; `unlike`
                has the `share` of the evaluated pictures that it covers and its `alarm` as well, null where it was not
                measured.
            ece: expected calibration error; chance alone gives `chance` on average and rarely more than `null95`.
            policy: the accept policy: `sentence`, `basis`, accepted `share`, `error` of the groups, `needed` groups,
                `risk` (the error limit that holds, or null), `asked` (`auto` or a number), `floor` (the lowest
                confidence that may be accepted) and `offered` (`risk`, `share`, `sentence` and `command` of a looser
                limit that would hold where the stated one does not, or null); null without an error limit.
            method: `name` of the training method, `why` it was used, `epochs` that it ran, the `best_epoch`, whose
                weights are in the bundle, and its `parameters`, the number of trained weights; null where it has none.
            seconds: wall time by stage.
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
        """
        return self.account.to_json() | {
            "run": str(self.run),
            "bundle": str(self.bundle),
            "report": str(self.report),
            "pictures": self.pictures,
            "accuracy": self.accuracy,
            "ece": self.ece,
            "policy": self.policy,
            "method": self.method,
            "seconds": self.seconds,
            "left_out_file": None if self.left_out_file is None else str(self.left_out_file),
        }

    @property
    def answers(self) -> pl.DataFrame:
        """Return the held-out predictions, one row per picture, as `OpenedRun.answers`."""
        return open_run(self.run).answers

    @property
    def metrics(self) -> Metrics:
        """Return the metrics of the run with their intervals, as in metrics.json."""
        metrics = open_run(self.run).metrics
        assert isinstance(metrics, Metrics)
        return metrics

    @property
    def findings(self) -> pl.DataFrame:
        """Return the findings of the data checks, one row each, as `OpenedRun.findings`."""
        return open_run(self.run).findings

    def _brief(self) -> dict[str, Any]:
        return {"run": self.run, "accuracy": self.accuracy["leak_free"]["value"]}

    def _to_card(self) -> HtmlCard:
        return train_card(self.to_json(), counts=self.counts, hints=self.hints)
