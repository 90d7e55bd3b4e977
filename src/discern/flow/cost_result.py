"""Result of a cost estimate."""

from dataclasses import dataclass, field
from typing import Any

from discern.display.displayed import Displayed
from discern.errors import UsageError
from discern.shipping.cost_row import CostRow, Workload
from discern.shipping.cost_table import CostTable
from discern.shipping.measurement import Measurement


@dataclass(frozen=True, kw_only=True, repr=False)
class CostResult(Displayed):
    """Result of `discern.cost`, with the estimate for each way to deploy.

    Attributes:
        prices_as_of: date of the oldest price that was used; "undated" if none has a date.
        regions: regions of the prices that were used.
        rows: rows of the estimate.
        table: rows of the ways to deploy, break-even numbers and lines of the figure.
        workload: answers and the resources that each takes.
        chosen: name of the way that is held against the budget.
        measured: measurement of the bundle on this machine; None if it was not measured.
        notes: sentences on the age of the prices and on what was measured.
        refusal: reason why the budget is exceeded; "" if it is kept or there is none.
        files: files that were written.
    """

    prices_as_of: str
    regions: tuple[str, ...]
    rows: tuple[CostRow, ...]
    table: CostTable
    workload: Workload
    chosen: str
    measured: Measurement | None = None
    notes: tuple[str, ...] = ()
    refusal: str = ""
    files: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Return True unless the budget is exceeded."""
        return not self.refusal

    def row(self, target: str) -> CostRow:
        """Return the row of a way to deploy.

        Raises:
            UsageError: there is none of that name.
        """
        return find_row(self.rows, target)

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary.

        Keys:
            prices_as_of: date of the oldest price that was used; "undated" if none has a date.
            rows: for each way to deploy `target`, `per_month`, `per_1000`, `one_off`, `assumptions` and `parts`, in
                US dollars; null where a price is not known.
            break_even: for each function and each machine that is always on, `answers_per_day` at which both cost the
                same, `machine_answers_per_day` that one machine can give, and whether that number is `reached`.
            per_day: answers a day.
            target: the way that is held against the budget.
            measured: `cold_start`, `milliseconds`, `resident_gb`, `server_gb` (with a web server) and `picture_gb` on
                this machine; null if given.
            notes: sentences on the age of the prices and on what was measured.
            refusal: reason why the budget is exceeded; "" if it is kept or there is none.
            files: files that were written.
        """
        return {
            "prices_as_of": self.prices_as_of,
            "rows": [row.to_json() for row in self.rows],
            "break_even": [each.to_json() for each in self.table.break_even],
            "per_day": self.workload.per_day,
            "target": self.chosen,
            "measured": None if self.measured is None else self.measured.to_json(),
            "notes": list(self.notes),
            "refusal": self.refusal,
            "files": list(self.files),
        }


def find_row(rows: list[CostRow] | tuple[CostRow, ...], target: str) -> CostRow:
    """Return the row of a way to deploy.

    Raises:
        UsageError: there is none of that name.
    """
    for row in rows:
        if row.target == target and row.answers:
            return row
    names = ", ".join(row.target for row in rows if row.answers)
    raise UsageError(f"Unknown way to deploy: {target!r}.", hint=f"Use one of: {names}.")
