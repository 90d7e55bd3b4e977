"""Budget of a deployment, and the page that proposes it."""

import re
from collections.abc import Sequence
from dataclasses import replace

from discern.errors import UsageError
from discern.shipping.cost_row import CostRow
from discern.shipping.price_table import REGION, UNDATED

_BUDGET = re.compile(r"\$?\s*(\d{1,9}(?:\.\d{1,4})?|\.\d{1,4})\s*(?:USD|US\$|\$)?", re.IGNORECASE)


def parse_budget(text: str | float) -> float:
    """Parse a budget in US dollars, for one month and what is paid once.

    >>> parse_budget("5USD"), parse_budget("$2.50"), parse_budget("10")
    (5.0, 2.5, 10.0)

    Raises:
        UsageError: it is not an amount of US dollars.
    """
    found = _BUDGET.fullmatch(str(text).strip())
    if not found:
        hint = "Give an amount such as 5USD or 1250.50, without separators; prices are in US dollars."
        raise UsageError(f"Invalid budget: {text!r}.", hint=hint)
    return float(found[1])


def exceeds_budget(row: CostRow, budget: float) -> str:
    """Return the reason why a plan is refused, or "" if it is within the budget.

    The budget is compared with what is paid once and the first month. A plan with a price that is not known is refused.

    Args:
        row: row of the plan.
        budget: US dollars.
    """
    if row.per_month is None or row.one_off is None:
        return f"The cost of {row.target} is not known, so it cannot be held against the budget of {dollars(budget)}."
    first = row.per_month + row.one_off
    if _keeps(first, budget):
        return ""
    return f"{row.target} costs {dollars(first)} in the first month, more than the budget of {dollars(budget)}."


def _keeps(amount: float, budget: float) -> bool:
    return round(amount, 6) <= budget


def whole_plan(rows: Sequence[CostRow], chosen: CostRow) -> CostRow:
    """Return the row of a way to deploy with what every way needs: storage, training and tuning.

    Args:
        rows: all rows of the estimate.
        chosen: row of the way.
    """
    one_off, parts = chosen.one_off, chosen.parts
    for row in _needed(rows, chosen):
        one_off = None if one_off is None or row.one_off is None else one_off + row.one_off
        parts = None if parts is None or row.parts is None else {**parts, row.target: row.per_month or 0.0}
    return replace(chosen, one_off=one_off, parts=parts)


def _needed(rows: Sequence[CostRow], chosen: CostRow) -> list[CostRow]:
    """Return the rows that every way needs."""
    return [row for row in rows if not row.answers and row is not chosen]


def dollars(amount: float | None) -> str:
    """Format US dollars with as many decimals as tell small amounts apart.

    >>> dollars(167.9), dollars(0.0019), dollars(5e-6), dollars(None)
    ('$167.90', '$0.0019', '<$0.0001', 'not known')
    """
    if amount is None:
        return "not known"
    if 0 < amount < 0.01:
        return f"${amount:.2g}" if amount >= 1e-4 else "<$0.0001"
    return f"${amount:,.2f}"


def describe_dates(as_of: str) -> str:
    """Describe the dates of prices by that of the oldest.

    >>> describe_dates("2026-09-27"), describe_dates("undated")
    ('prices of 2026-09-27 and later', 'undated prices')
    """
    return "undated prices" if as_of == UNDATED else f"prices of {as_of} and later"


def write_proposal(
    rows: Sequence[CostRow],
    *,
    chosen: CostRow,
    name: str,
    per_day: float,
    budget: float | None,
    notes: Sequence[str],
    prices_as_of: str,
    regions: Sequence[str] = (REGION,),
) -> str:
    """Write the page of a proposal in Markdown.

    Args:
        rows: all rows of the estimate.
        chosen: row of the way that is proposed.
        name: name of the model or of its pictures.
        per_day: answers a day.
        budget: US dollars of the first month; None if there is no limit.
        notes: sentences on the prices and on what was measured.
        prices_as_of: date of the oldest price.
        regions: regions of the prices.
    """
    plan, needed = whole_plan(rows, chosen), _needed(rows, chosen)
    first = None if plan.per_month is None or plan.one_off is None else plan.per_month + plan.one_off
    year = None if first is None or plan.per_month is None else first + 11 * plan.per_month
    others = sorted(rows, key=lambda each: (each.per_month is None, each.per_month or 0))
    return "\n".join(
        [
            f"# Budget: {name.translate(_MARKDOWN)}",
            "",
            f"Proposed: **{chosen.target}** for {per_day:,.10g} answers a day, in US dollars by "
            f"{describe_dates(prices_as_of)} for {' and '.join(regions)}; taxes and data transfer are not included.",
            "",
            *("| | US dollars |", "|---|---:|"),
            f"| paid once | {dollars(plan.one_off)} |",
            f"| each month | {dollars(plan.per_month)} |",
            f"| first year | {dollars(year)} |",
            f"| for 1,000 answers | {dollars(chosen.per_1000)} |",
            *_limit(first, budget),
            *("", "## Made of", "", "| part, a month if not once | US dollars |", "|---|---:|"),
            *(f"| {part} | {dollars(amount)} |" for part, amount in (plan.parts or {}).items() if amount),
            *(f"| {row.target}, once | {dollars(row.one_off)} |" for row in needed if row.one_off != 0),
            *("", "## Instead of", "", "| way | a month | for 1,000 answers |", "|---|---:|---:|"),
            *(
                f"| {_with_caveat(row)} | {dollars(row.per_month)} | {dollars(row.per_1000)} |"
                for row in others
                if row.answers and row is not chosen
            ),
            *("", "## Assumptions", ""),
            *(f"- {row.target}: {sentence}" for row in needed for sentence in row.assumptions),
            *(f"- {sentence}" for sentence in (*chosen.assumptions, *notes)),
            "",
        ]
    )


def _with_caveat(row: CostRow) -> str:
    return f"{row.target} ({row.caveat})" if row.caveat else row.target


def _limit(first: float | None, budget: float | None) -> list[str]:
    if budget is None:
        return []
    verdict = "not known" if first is None else "kept" if _keeps(first, budget) else "exceeded"
    return [f"| limit of the first month | {dollars(budget)} ({verdict}) |"]


_MARKDOWN = {ord(sign): f"\\{sign}" for sign in "\\`*_{}[]<>#|"} | {ord("\n"): " ", ord("\r"): " "}
