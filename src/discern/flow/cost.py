"""Functions that estimate the cost of a deployment before anything is created (`discern cost`)."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from discern.bundle.url_paths import local_path
from discern.display.displayed import Displayed
from discern.errors import UsageError
from discern.flow.cost_files import write_cost_files
from discern.flow.cost_workload import (
    CostOptions,
    assumed_workload,
    check_workload,
    measured_workload,
    workload_notes,
)
from discern.shipping.budget import exceeds_budget, parse_budget, whole_plan
from discern.shipping.cost_row import CostRow, Workload
from discern.shipping.cost_table import CostTable, estimate_costs
from discern.shipping.measurement import Measurement
from discern.shipping.price_table import load_prices
from discern.shipping.training_costs import Method, count_pictures, storage_row, training_rows

TARGET = "lambda-x86"
"""Way to deploy that is proposed if none is chosen."""


@dataclass(frozen=True, kw_only=True, repr=False)
class CostResult(Displayed):
    """Result of `discern.cost`, with the estimate for each way to deploy.

    Attributes:
        prices_as_of: date of the oldest price that was used; "undated" if none has a date.
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
            measured: `cold_start`, `milliseconds`, `resident_gb` and `picture_gb` on this machine; null if given.
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


def cost(
    source: str | Path,
    *,
    per_day: float,
    method: Method | None = None,
    options: CostOptions | None = None,
    prices: str | Path | None = None,
    budget: str | None = None,
    target: str | None = None,
    out: str | Path | None = None,
    today: date | None = None,
) -> CostResult:
    """Estimate the cost of a deployment by the month, before anything is created.

    Args:
        source: a bundle; or, with a method, pictures that one will be trained on.
        per_day: answers a day.
        method: training method, before a bundle exists.
        options: facts that are given instead of measured, and assumptions; None for the defaults.
        prices: CSV file of prices that replace those of the package or are added to them.
        budget: limit of the first month, such as 5USD.
        target: way to deploy that is held against the budget and proposed; None for a function.
        out: folder for `BUDGET.md` and the figure of the break-even; or one file, by its suffix .md, .svg or .png.
        today: the current day; None for that of the clock.

    Raises:
        UsageError: an argument or the file of prices is invalid.
        BundleError: the bundle cannot be used or measured.
        CatalogError: the pictures cannot be read.
    """
    limit = None if budget is None else parse_budget(budget)
    options = options or CostOptions()
    check_workload(per_day, options)
    day = today or datetime.now(UTC).date()
    table = load_prices(prices, today=day)
    path = Path(local_path(str(source)))
    rows: list[CostRow] = []
    if method is None:
        work, measured = measured_workload(path, per_day, options)
    else:
        work, measured = assumed_workload(path, per_day, options), None
        stock = count_pictures(path)
        training = training_rows(table, stock, method, epochs=options.epochs, trials=options.trials)
        rows = [storage_row(table, stock), *training]
    estimated = estimate_costs(table, work)
    rows += estimated.rows
    chosen = find_row(rows, target or TARGET)
    result = CostResult(
        prices_as_of=table.as_of,
        rows=tuple(rows),
        table=estimated,
        workload=work,
        chosen=chosen.target,
        measured=measured,
        notes=(*workload_notes(measured, options, method), *table.warnings(day)),
        refusal="" if limit is None else exceeds_budget(whole_plan(rows, chosen), limit),
    )
    if out is None:
        return result
    name = path.absolute().parent.name if path.name == "model.discern" else path.absolute().stem
    return write_cost_files(result, Path(out), name=name, budget=limit)


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
