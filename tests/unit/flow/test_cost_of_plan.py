"""Plans have a cost before anything is created, and a budget refuses them."""

import sys
from pathlib import Path
from typing import Any

import pytest

from discern.errors import UsageError
from discern.flow.ship import ship
from discern.shipping.plan import Plan
from tests.unit.bundle.factories import write_small


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("bundle") / "small.discern")


def test_a_plan_has_a_row_of_the_cost_table_before_anything_is_created(bundle: Path) -> None:
    announced = list[Plan]()
    result = ship("workflow", bundle, threshold=0.9, announce=announced.append)
    [plan] = announced
    assert plan == result.plan
    cost = result.to_json()["cost"]
    assert {"target", "per_month", "per_1000", "one_off", "assumptions", "parts"} <= cost.keys()
    assert (cost["target"], cost["per_day"]) == ("step-functions", 1000)
    assert cost["per_month"] == pytest.approx(30 * cost["per_1000"], rel=1e-4)
    assert cost["per_month"] == pytest.approx(sum(cost["parts"].values()), abs=1e-4)
    assert cost["parts"]["transitions"] == pytest.approx(30 * 5 * 0.025)
    assert result.passed


def test_an_unknown_cost_has_a_reason(bundle: Path) -> None:
    value = ship("kubernetes", bundle, memory=300).to_json()
    assert value["cost"] is None
    assert "depends on the cluster" in value["cost_reason"]


def test_nothing_is_created_above_the_budget(bundle: Path, tmp_path: Path) -> None:
    result = ship("container", bundle, tmp_path / "out", yes=True, budget="4.99USD")
    assert not result.passed
    assert result.created is None
    assert result.to_json()["refusal"] == (
        "small-server costs $5.00 in the first month, more than the budget of $4.99."
    )
    assert (tmp_path / "out" / "Dockerfile").exists()
    # A container is created by the user, so that the attempt to create one is an error.
    with pytest.raises(UsageError, match="starts no container itself"):
        ship("container", bundle, yes=True, budget=5)


def test_an_unknown_cost_is_above_every_budget(bundle: Path) -> None:
    result = ship("kubernetes", bundle, memory=300, yes=True, budget="1000000USD")
    assert result.refusal.startswith("The cost of kubernetes is not known")
    assert result.created is None


def test_a_plan_measures_its_bundle_once_and_has_the_given_prices(bundle: Path, tmp_path: Path) -> None:
    prices = tmp_path / "p.csv"
    prices.write_text(
        "service,item,unit,price,memory_gb,cores,region,source,date\n"
        "lightsail,linux-512mb,month,3,0.5,0.1,eu-central-1,contract,undated\n"
    )
    started, counting = list[str](), True

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        if counting and event == "subprocess.Popen":
            started.append(str(arguments))

    sys.addaudithook(count)
    value = ship("container", bundle, prices=prices, per_day=2500.5).to_json()
    counting = False
    assert len([each for each in started if "run_worker" in each]) == 1
    assert value["cost"]["per_month"] == 3
    assert value["cost"]["per_day"] == 2500.5
    assert "cost_reason" not in value
    assert "Prices of eu-central-1, in US dollars, without taxes." in value["cost"]["assumptions"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"per_day": 0}, "--per-day is 0"),
        ({"per_day": float("nan")}, "--per-day is nan"),
        ({"budget": "5EUR"}, "Invalid budget"),
        ({"prices": "absent.csv"}, "cannot be read"),
    ],
)
def test_what_a_plan_cannot_be_priced_by_is_refused_before_it_is_written(
    bundle: Path, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        ship("container", bundle, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()
