"""Result of a comparison of training runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discern.display.displayed import Displayed
from discern.evaluating import ComparedModel, ComparedPair


@dataclass(frozen=True, kw_only=True, repr=False)
class CompareResult(Displayed):
    """Result of `discern.compare`: training runs on the pictures that all of them held out.

    Attributes:
        models: figures of each run, in the given order.
        pairs: paired difference of each two runs.
        recommended: the simplest model that no other one is shown to beat.
        why: what to ship and why, in a sentence.
        pictures: number of pictures that are compared.
        labels: the classes, in the order of the confusion matrices.
        notes: sentences on what is compared, and on what is not.
        page: HTML page; None if none was written.
    """

    models: tuple[ComparedModel, ...]
    pairs: tuple[ComparedPair, ...]
    recommended: ComparedModel
    why: str
    pictures: int
    labels: tuple[str, ...]
    notes: tuple[str, ...] = ()
    page: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as a JSON-serialisable dictionary.

        Keys:
            rows: for each run its absolute path (`run`), `name`, `method` and `backbone`; on the common pictures
                `accuracy` with its interval, `balanced_accuracy`, `macro_f1`, `mae` (null if the labels are neither
                numbers nor ordered), `per_class` and `confusion`; on all pictures that it held out `ece` and `gate`
                (`auroc`, `kept` and `rejected`; null without negatives); `parameters`, `megabytes`, `ms_per_picture` on
                one core of this machine, and `train_seconds`, without what its cache already had.
            pairs: for each two runs, `a` and `b`, the `difference` in accuracy, A minus B, with its interval; `p`,
                adjusted for the number of pairs, and `p_unadjusted`, null with too few groups; the number of pictures
                that only one gets wrong (`only_a_wrong`, `only_b_wrong`), and `per_class` the difference in recall,
                with a `p` adjusted for the number of classes.
            recommended: the `run` to ship, and `why`.
            pictures: number of pictures that are compared.
            labels: the classes, in the order of the confusion matrices.
            notes: sentences on what is compared, and on what is not.
            page: HTML page; null if none was written.
        """
        return {
            "rows": [each.to_json() for each in self.models],
            "pairs": [each.to_json() for each in self.pairs],
            "recommended": {"run": self.recommended.run, "why": self.why},
            "pictures": self.pictures,
            "labels": list(self.labels),
            "notes": list(self.notes),
            "page": None if self.page is None else str(self.page),
        }

    def _brief(self) -> dict[str, Any]:
        return {"runs": len(self.models), "recommended": self.recommended.name, "pictures": self.pictures}
