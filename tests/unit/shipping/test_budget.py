"""Budgets: how they are written, when they are exceeded, and the page of a proposal."""

import pytest

from discern.errors import UsageError
from discern.shipping.budget import exceeds_budget, parse_budget, whole_plan, write_proposal
from discern.shipping.cost_row import CostRow

FUNCTION = CostRow(target="lambda-x86", parts={"compute": 3.0, "requests": 1.0}, answers=1000, one_off=0.5)
UNKNOWN = CostRow(target="container", parts=None, answers=1000, one_off=None)
TRAINING = CostRow(target="training", parts={}, answers=0, one_off=2.0, assumptions=("Derived.",))
LABELS = CostRow(target="labels", parts={"pictures": 9.0}, answers=1000, caveat="not yours")
STORAGE = CostRow(target="storage", parts={"storage": 0.25}, answers=0, one_off=0.0)


@pytest.mark.parametrize(
    ("text", "amount"), [("5USD", 5), ("5 usd", 5), ("$5", 5), ("5", 5), ("0.50USD", 0.5), (" 12.5 ", 12.5), ("0", 0)]
)
def test_amounts_of_dollars_are_parsed(text: str, amount: float) -> None:
    assert parse_budget(text) == amount


@pytest.mark.parametrize("text", ["", "USD", "5EUR", "-1", "5,00USD", "nan", "1e3", "five", "5USD5"])
def test_other_budgets_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="Invalid budget"):
        parse_budget(text)


def test_the_first_month_and_what_is_paid_once_count() -> None:
    assert exceeds_budget(FUNCTION, 4.5) == ""
    assert exceeds_budget(FUNCTION, 4.49) == (
        "lambda-x86 costs $4.50 in the first month, more than the budget of $4.49."
    )
    plan = whole_plan([STORAGE, TRAINING, FUNCTION], FUNCTION)
    assert (plan.per_month, plan.one_off) == (4.25, 2.5)
    assert exceeds_budget(plan, 6.75) == ""
    assert exceeds_budget(plan, 6.74)


def test_a_sum_that_equals_the_budget_keeps_it() -> None:
    sums = CostRow(target="small-server", parts={"busy": 0.1, "idle": 0.2}, answers=1)
    assert sums.per_month != 0.3
    assert exceeds_budget(sums, 0.3) == ""
    assert "(kept)" in write_proposal(
        [sums], chosen=sums, name="x", per_day=1, budget=0.3, notes=[], prices_as_of="undated"
    )


def test_a_cost_that_is_not_known_is_refused() -> None:
    assert "is not known" in exceeds_budget(UNKNOWN, 1e6)
    assert "is not known" in exceeds_budget(whole_plan([UNKNOWN], UNKNOWN), 1e6)


def test_the_proposal_has_its_sums_and_one_page() -> None:
    page = write_proposal(
        [STORAGE, TRAINING, FUNCTION, UNKNOWN, LABELS],
        chosen=FUNCTION,
        name="banana_|*",
        per_day=33,
        budget=6.0,
        notes=["Measured."],
        prices_as_of="2026-09-27",
    )
    assert page.startswith("# Budget: banana\\_\\|\\*\n")
    assert "| paid once | $2.50 |" in page
    assert "| each month | $4.25 |" in page
    assert "| first year | $53.50 |" in page
    assert "| limit of the first month | $6.00 (exceeded) |" in page
    assert "| container | not known | not known |" in page
    assert "- Measured." in page
    assert "| training, once | $2.00 |" in page
    assert "| labels (not yours) | $9.00 |" in page
    assert "- training: Derived." in page
    assert len(page.splitlines()) < 60
