"""Result of a comparison of training runs."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from discern.display.displayed import Displayed
from discern.evaluating import ComparedModel, ComparedPair, is_within
from discern.flow.compare.comparison_record import Uses
from discern.flow.compare.recommendation import find_difference


@dataclass(frozen=True, kw_only=True)
class FailedMethod:
    """Method of a comparison that gave no model.

    Attributes:
        name: name of the run that it would have given.
        method: training method.
        backbone: backbone that was asked for.
        reason: the error, with its remedy.
    """

    name: str
    method: str
    backbone: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Return the method in JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True, repr=False)
class CompareResult(Displayed):
    """Result of `discern.compare`: training runs on the pictures that all of them held out.

    Attributes:
        models: figures of each run, in the given order.
        pairs: paired difference of each two runs.
        recommended: the simplest model that is shown, or else estimated, to be not inferior to the best one.
        best: the best model, on the validation pictures where there are some.
        why: what to ship and why, in a sentence.
        pictures: number of pictures that are compared.
        validation: number of validation pictures that the best model was found on; None without any.
        labels: the classes, in the order of the confusion matrices.
        uses: number of comparisons that used the same pictures.
        failed: methods that gave no model.
        notes: sentences on what is compared, and on what is not.
        page: HTML page; None if none was written.
    """

    models: tuple[ComparedModel, ...]
    pairs: tuple[ComparedPair, ...]
    recommended: ComparedModel
    best: ComparedModel
    why: str
    pictures: int
    validation: int | None
    labels: tuple[str, ...]
    uses: Uses
    failed: tuple[FailedMethod, ...] = ()
    notes: tuple[str, ...] = ()
    page: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as a JSON-serialisable dictionary.

        Keys:
            rows: for each run its absolute path (`run`), `name`, `method` and `backbone`; on the common pictures
                `accuracy` with its interval, `balanced_accuracy`, `macro_f1`, `mae` (null if the labels are neither
                numbers nor ordered), `per_class` and `confusion`; on the common validation pictures
                `validation_accuracy` with its interval, or null; on all pictures that it held out `ece`, `log_loss`
                and `gate` (`auroc`, `kept` and `rejected`; null without negatives); `parameters`, `multiply_adds` for
                one picture, `megabytes`, `ms_per_picture` on one core of this machine; `train_seconds`, with those of
                the features of `cached_pictures`, estimated from the backbone's speed, and those of the trials of a
                study that chose its options; `measured_seconds` without those of the cached features; and `cost`, the
                US dollars `per_month` of `per_day` answers by `target` (null if a price is not known), with
                `prices_as_of`.
            pairs: for each two runs, `a` and `b`, the `difference` in accuracy, A minus B, with its interval; `p`,
                adjusted for the number of pairs, and `p_unadjusted`, null with too few groups; `clear`, whether the
                adjusted one is below .05, so that chance does not explain the difference; the number of pictures
                that only one gets wrong (`only_a_wrong`, `only_b_wrong`), and `per_class` the difference in recall,
                with a `p` adjusted for the number of classes, and
                `clear` likewise.
            recommended: the `run` to ship, `why`, the run that is the `best` one, the `difference` in accuracy to it
                with its interval, and whether it is `not_inferior`: null where the pictures show neither.
            pictures: number of pictures that are compared.
            validation_pictures: number of validation pictures that the best run was found on; null without any.
            labels: the classes, in the order of the confusion matrices.
            uses: number of `comparisons` of different models that used these pictures, and of `models` in them.
            failed: methods that gave no model: `name`, `method`, `backbone` and `reason`.
            notes: sentences on what is compared, and on what is not.
            page: HTML page; null if none was written.
        """
        return {
            "rows": [each.to_json() for each in self.models],
            "pairs": [each.to_json() for each in self.pairs],
            "recommended": self._recommendation(),
            "pictures": self.pictures,
            "validation_pictures": self.validation,
            "labels": list(self.labels),
            "uses": self.uses.to_json(),
            "failed": [each.to_json() for each in self.failed],
            "notes": list(self.notes),
            "page": None if self.page is None else str(self.page),
        }

    def _recommendation(self) -> dict[str, Any]:
        found = find_difference(self.recommended, self.best, self.pairs)
        own = self.recommended is self.best
        ends = {name: 0.0 if own else getattr(found, name) for name in ("value", "low", "high")}
        shown = own or (found.low is not None and is_within(found.low))
        return {
            "run": self.recommended.run,
            "why": self.why,
            "best": self.best.run,
            "difference": ends,
            "not_inferior": True if shown else None,
        }

    def _brief(self) -> dict[str, Any]:
        return {"runs": len(self.models), "recommended": self.recommended.name, "pictures": self.pictures}
