"""Functions that price a planned deployment before anything is created."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from discern.errors import BundleError
from discern.flow.cost_workload import CostOptions, check_workload
from discern.flow.paths import resolve_path
from discern.shipping.budget import exceeds_budget, parse_budget
from discern.shipping.cost_plan import PlannedDeployment, plan_cost
from discern.shipping.cost_row import CostRow
from discern.shipping.plan import Plan
from discern.shipping.price_table import CostUnknown, PriceTable, load_prices
from discern.shipping.ship_target import ShippedBundle

PER_DAY = 1000.0
"""Answers a day for which a plan is priced if no number is given."""


@dataclass(frozen=True, kw_only=True)
class Pricing:
    """Prices, number of answers and budget for which a plan is priced.

    Attributes:
        prices: the price table.
        per_day: answers a day.
        budget: US dollars of the first month; None if there is no limit.
        today: the current day.
    """

    prices: PriceTable
    per_day: float
    budget: float | None
    today: date


def open_pricing(prices: str | Path | None, per_day: float, budget: str | float | None) -> Pricing:
    """Check what a plan is priced by, before anything is written.

    Raises:
        UsageError: an argument or the file of prices is invalid.
    """
    check_workload(per_day, CostOptions())
    today = datetime.now(UTC).date()
    return Pricing(
        prices=load_prices(None if prices is None else resolve_path(prices), today=today),
        per_day=per_day,
        budget=None if budget is None else parse_budget(budget),
        today=today,
    )


def price_plan(plan: Plan, bundle: ShippedBundle, options: Any, pricing: Pricing) -> tuple[Plan, str]:
    """Return the plan with its cost, and the reason why the budget refuses it, or "".

    Args:
        plan: the plan.
        bundle: bundle to deploy.
        options: options of the target.
        pricing: prices, number of answers and budget.
    """
    planned = PlannedDeployment(bundle=bundle, plan=plan, options=options, per_day=pricing.per_day)
    try:
        row = plan_cost(pricing.prices, planned)
    except (CostUnknown, BundleError) as unknown:
        reason = str(unknown)
        row = CostRow(target=plan.target, parts=None, answers=1, one_off=None, assumptions=(reason,))
        priced = replace(plan, cost_reason=reason)
    else:
        where = f"Prices of {', '.join(pricing.prices.regions)}, in US dollars, without taxes."
        row = replace(row, assumptions=(*row.assumptions, where, *pricing.prices.warnings(pricing.today)))
        named = {"per_day": pricing.per_day, "prices_as_of": pricing.prices.as_of}
        priced = replace(plan, cost=row.to_json() | named)
    return priced, "" if pricing.budget is None else exceeds_budget(row, pricing.budget)
