"""Functions that estimate the cost of a deployment before anything is created (`discern cost`)."""

from datetime import UTC, date, datetime
from pathlib import Path

from discern.bundle.url_paths import local_path
from discern.flow.cost_files import write_cost_files
from discern.flow.cost_result import CostResult, find_row
from discern.flow.cost_workload import (
    CostOptions,
    assumed_workload,
    check_workload,
    measured_workload,
    workload_notes,
)
from discern.shipping.budget import exceeds_budget, parse_budget, whole_plan
from discern.shipping.cost_table import estimate_costs
from discern.shipping.price_table import load_prices
from discern.shipping.training_costs import Method, count_pictures, storage_row, training_rows

TARGET = "lambda-x86"
"""Way to deploy that is proposed if none is chosen."""


def cost(
    source: str | Path,
    *,
    per_day: float,
    method: Method | None = None,
    options: CostOptions | None = None,
    prices: str | Path | None = None,
    budget: str | float | None = None,
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
        budget: limit of the first month, such as 5 or 5USD.
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
    if method is None:
        before = []
        work, measured = measured_workload(path, per_day, options)
    else:
        work, measured = assumed_workload(path, per_day, options), None
        stock = count_pictures(path)
        training = training_rows(table, stock, method, epochs=options.epochs, trials=options.trials)
        before = [storage_row(table, stock), *training]
    estimated = estimate_costs(table, work)
    rows = [*before, *estimated.rows]
    chosen = find_row(rows, target or TARGET)
    result = CostResult(
        prices_as_of=table.as_of,
        regions=table.regions,
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
