"""Result of `discern tune`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from discern.bundle.archive import FILE
from discern.display.displayed import Displayed

BEST, DEFAULT, PAGE, REPORT = "best", "default", "study.html", "report.html"
"""Names of a study's runs and pages."""

_PLAIN = ("study", "trials", "best", "accuracy", "default", "why", "sampler", "notes")


@dataclass(frozen=True, kw_only=True, repr=False)
class TuneResult(Displayed):
    """Result of `discern.tune`: the best training options, and the classifier that was trained with them.

    Attributes:
        study: name of the study.
        folder: folder of the study.
        trials: number of trials that are `done`, `pruned`, `failed`, and `interrupted` (and repeated).
        best: `params` of the best trial, its `value` on held-out groups of the training part, and its `trial` number.
        run: folder of the run with the best options, evaluated on the test part.
        bundle: path of the model, `model.discern`.
        report: path of its report, `report.html`.
        page: path of the page on the study, `study.html`.
        accuracy: accuracy on the test part with its interval.
        default: comparison with the default options on the same test part.
        why: what the search brought, in a sentence.
        sampler: name and seed of the sampler.
        notes: sentences on the study.
    """

    study: str
    folder: Path
    trials: dict[str, int]
    best: dict[str, Any]
    run: Path
    bundle: Path
    report: Path
    page: Path
    accuracy: dict[str, Any]
    default: dict[str, Any]
    why: str
    sampler: str
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary with absolute paths.

        Keys:
            study: name of the study.
            folder: folder of the study.
            trials: number of trials that are `done`, `pruned` (stopped early), `failed`, and `interrupted` (cut off
                with their process, and repeated by another trial).
            best: `params` of the best trial by option, its `value`, the `measure` on held-out groups of the training
                part, and its `trial` number.
            run: folder of the run that was trained with the best options on the whole training part.
            bundle: path of its model, `model.discern`.
            report: path of its report, `report.html`.
            page: page on the study, `study.html`.
            accuracy: accuracy on the test part, which no trial saw, with its interval.
            default: the default options (`params` of what the search space sets, and the default of each option that it
                searches), the `run` with them, their `value`, and the `difference` in accuracy on the test
                part, best minus default, with its interval and its `p`; null where the best options are the default.
            why: what the search brought, in a sentence.
            sampler: name and seed of the sampler.
            notes: sentences on the study.
        """
        return {
            "study": self.study,
            "folder": str(self.folder),
            "trials": self.trials,
            "best": self.best,
            "run": str(self.run),
            "bundle": str(self.bundle),
            "report": str(self.report),
            "page": str(self.page),
            "accuracy": self.accuracy,
            "default": self.default,
            "why": self.why,
            "sampler": self.sampler,
            "notes": self.notes,
        }

    @classmethod
    def of_folder(cls, folder: Path, value: Mapping[str, Any]) -> Self:
        """Create the result of a finished study from its JSON, with the paths of where it is now."""
        plain = {name: value[name] for name in _PLAIN}
        default = dict(plain.pop("default"))
        if default["run"] is not None:
            default["run"] = str(folder / DEFAULT)
        best = folder / BEST
        return cls(
            folder=folder,
            run=best,
            bundle=best / FILE,
            report=best / REPORT,
            page=folder / PAGE,
            default=default,
            **plain,
        )

    def _brief(self) -> dict[str, Any]:
        return {"study": self.study, "value": self.best["value"], "accuracy": self.accuracy["value"], "run": self.run}
