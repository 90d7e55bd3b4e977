"""Estimates of all ways to deploy, by arithmetic."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from discern.shipping.cost_row import CORE_GB, CostRow, Workload
from discern.shipping.cost_table import CostTable, estimate_costs
from discern.shipping.price_table import COLUMNS, PriceTable, load_prices

TODAY = date(2026, 11, 29)
WORK = Workload(per_day=5000, milliseconds=60, memory_gb=1.73, resident_gb=0.15)


def estimated(work: Workload = WORK, prices: PriceTable | None = None) -> CostTable:
    return estimate_costs(prices or load_prices(today=TODAY), work)


def row(target: str, work: Workload = WORK, prices: PriceTable | None = None) -> CostRow:
    return next(each for each in estimated(work, prices).rows if each.target == target)


def month(target: str, work: Workload = WORK, prices: PriceTable | None = None) -> float:
    amount = row(target, work, prices).per_month
    assert amount is not None
    return amount


def test_a_function_against_a_machine() -> None:
    assert round(month("lambda-x86"), 2) == 0.29
    assert month("ml.m5.xlarge") == pytest.approx(167.90)
    assert month("small-server") == 5
    assert month("real-time-endpoint") == pytest.approx(730 * 0.056)


def test_the_amount_for_1000_answers_times_the_answers_is_the_month() -> None:
    for each in estimated().rows:
        if each.per_month is not None and each.per_1000 is not None:
            assert each.per_1000 * 150 == pytest.approx(each.per_month)


def test_every_row_has_its_keys_and_says_what_it_assumes() -> None:
    for each in estimated().rows:
        value = each.to_json()
        assert {"target", "per_month", "per_1000", "one_off", "assumptions"} <= set(value)
        assert value["assumptions"]


def test_a_row_without_a_price_says_so_and_has_no_figure() -> None:
    unknown = [each for each in estimated().rows if each.per_month is None]
    assert {each.target for each in unknown} >= {"container-fargate", "rekognition-custom-labels"}
    for each in unknown:
        assert each.to_json()["per_month"] is each.to_json()["per_1000"] is each.to_json()["one_off"] is None
        assert "price not known: give it by --prices FILE" in each.assumptions[0]


def test_a_given_price_fills_the_row(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(f"{','.join(COLUMNS)}\nfargate,memory,GB-hour,0.004,,,,mine,2026-11-01\n")
    parts = row("container-fargate", prices=load_prices(path, today=TODAY)).parts
    assert parts is not None
    assert parts["processor"] == pytest.approx(0.5 * 730 * 0.04048)
    assert parts["memory"] == pytest.approx(730 * 0.004)


def test_whole_milliseconds_are_billed() -> None:
    assert month("lambda-x86", replace(WORK, milliseconds=59.2)) == month("lambda-x86")
    assert month("lambda-x86", replace(WORK, milliseconds=60.2)) > month("lambda-x86")


def test_the_initialisation_is_billed() -> None:
    parts = row("lambda-x86", replace(WORK, per_day=24, cold_start=2.0)).parts
    assert parts is not None
    assert parts["cold starts"] == pytest.approx(20.3 * 30 * 2 * 1.73 * 0.0000166667, rel=0.01)


def test_the_free_tier_is_subtracted_once() -> None:
    work = replace(WORK, per_day=50_000, milliseconds=100, cold_start=1.0, free_tier=True)
    parts = row("lambda-x86", work).parts
    assert parts == {"compute": 0, "requests": pytest.approx(0.10), "cold starts": 0}
    many = replace(work, per_day=500_000)
    seconds = 500_000 * 30 * 0.1 * 1.73
    compute = (row("lambda-x86", many).parts or {})["compute"]
    assert compute == pytest.approx((seconds - 400_000) * 0.0000166667)


def test_an_api_costs_by_the_million() -> None:
    http, rest = row("lambda-http-api").parts, row("lambda-rest-api").parts
    assert http is not None
    assert rest is not None
    assert (http["api"], rest["api"]) == (pytest.approx(0.15), pytest.approx(0.525))
    assert http["logs"] == pytest.approx(150_000 * 400e-9 * 0.5)


def test_memory_decides_on_the_machine() -> None:
    assert "linux-512mb" in row("small-server").assumptions[0]
    assert "linux-2gb" in row("small-server", replace(WORK, resident_gb=1.5)).assumptions[0]
    assert "ml.c5.xlarge" in row("real-time-endpoint", replace(WORK, resident_gb=6)).assumptions[0]
    assert row("small-server", replace(WORK, resident_gb=20)).per_month is None
    assert row("serverless-endpoint", replace(WORK, resident_gb=7)).per_month is None


def test_a_busy_minute_needs_more_machines() -> None:
    busy = replace(WORK, per_day=5_000_000, peak=5)
    needed = 5_000_000 * 0.06 / 86400 * 5
    assert month("ml.m5.xlarge", busy) == pytest.approx(167.90 * -(-needed // 4))
    parts = row("ml.m5.xlarge").parts
    assert parts is not None
    assert parts["idle"] > 0.99 * 167.90


def test_break_even_is_where_both_cost_the_same() -> None:
    for free_tier in (False, True):
        for each in estimated(replace(WORK, free_tier=free_tier, peak=1)).break_even:
            assert each.answers_per_day is not None
            at = replace(WORK, free_tier=free_tier, peak=1, per_day=each.answers_per_day)
            assert month(each.target, at) == pytest.approx(each.fixed)


def test_break_even_in_closed_form() -> None:
    found = {(each.target, each.against): each for each in estimated().break_even}
    answer = 0.06 * 1.73 * 0.0000166667 + 0.2 / 1e6
    each = found["lambda-x86", "ml.m5.xlarge"]
    assert each.answers_per_day == pytest.approx(167.90 / 30 / answer)
    assert each.machine_answers_per_day == pytest.approx(4 * 86400 / 0.06 / 5)
    assert not each.reached
    flat = {(each.target, each.against): each for each in estimated(replace(WORK, peak=1)).break_even}
    assert flat["lambda-x86", "ml.m5.xlarge"].reached


def test_the_lines_of_the_figure_meet_the_rows() -> None:
    lines = estimated().lines
    assert set(lines) == {"lambda-x86", "real-time-endpoint", "ml.m5.xlarge", "small-server"}
    for name, points in lines.items():
        at, amount = points[40]
        assert amount == pytest.approx(month(name, replace(WORK, per_day=at)))


@pytest.mark.parametrize("per_day", [1, 5000, 1e9])
def test_the_lines_of_the_figure_reach_the_workload(per_day: float) -> None:
    for points in estimated(replace(WORK, per_day=per_day)).lines.values():
        assert points[0][0] <= per_day <= points[-1][0]
        assert points[0][0] <= 10
        assert points[-1][0] >= 1e7


def test_a_model_that_no_function_holds_is_priced_on_machines_alone() -> None:
    huge = replace(WORK, memory_gb=12.0, resident_gb=11.0)
    found = estimated(huge)
    rows = {each.target: each for each in found.rows}
    assert rows["lambda-x86"].per_month is None
    assert rows["lambda-x86"].assumptions == ("A function has 10 GB at most, and 12.00 GB are needed.",)
    assert rows["ml.m5.xlarge"].per_month == pytest.approx(167.90)
    assert found.lines == {}
    assert found.break_even == ()


def test_an_api_does_not_wait_for_slow_answers() -> None:
    slow = replace(WORK, milliseconds=31_000)
    assert row("lambda-http-api", slow).per_month is None
    assert "waits 30 s" in row("lambda-http-api", slow).assumptions[0]
    assert month("lambda-x86", slow) > 0


def test_a_snapshot_costs_more_than_its_answers_save() -> None:
    work = replace(WORK, cold_start=1.0)
    initialised, kept = row("lambda-http-api", work).parts or {}, row("lambda-snapstart", work).parts or {}
    assert kept["snapshot"] == pytest.approx(1.73 * 730 * 3600 * 0.0000015046)
    assert kept["snapshot"] > 10 * initialised["cold starts"]
    assert kept["cold starts"] == 0
    assert (row("lambda-snapstart-arm", work).parts or {})["compute"] == pytest.approx(0.8 * kept["compute"], rel=1e-4)


def test_every_price_that_is_missing_is_one_that_can_be_given(tmp_path: Path) -> None:
    unknown = {each.assumptions[0].rpartition("(")[2].rstrip(")") for each in estimated().rows if each.parts is None}
    units = {"memory": "GB-hour", "prediction": "thousand pictures"}
    path = tmp_path / "p.csv"
    rows = [f"{name},{units.get(name.rpartition(',')[2], 'hour')},1,,,,mine,2026-11-01" for name in sorted(unknown)]
    path.write_text("\n".join([",".join(COLUMNS), *rows]) + "\n")
    prices = load_prices(path, today=TODAY)
    assert all(each.per_month is not None for each in estimated(prices=prices).rows)
    assert not any("no estimate uses" in said for said in prices.warnings(TODAY))


def test_a_function_with_a_part_of_a_core_takes_longer_and_machines_do_not() -> None:
    half = replace(WORK, memory_gb=CORE_GB / 2, resident_gb=0.15, cold_start=1.0)
    whole = replace(half, memory_gb=CORE_GB)
    assert half.billed_seconds == 2 * whole.billed_seconds == 0.12
    parts, others = row("lambda-x86", half).parts or {}, row("lambda-x86", whole).parts or {}
    assert parts["compute"] == pytest.approx(others["compute"])  # half the memory for twice the time
    rare = [row("lambda-x86", replace(each, per_day=24)).parts or {} for each in (half, whole)]
    assert rare[0]["cold starts"] == pytest.approx(rare[1]["cold starts"], rel=0.01)
    assert row("lambda-x86", half).assumptions[0].startswith("120 ms an answer in 0.86 GB (0.5 cores)")
    busy = replace(half, per_day=400_000)
    for target in ("ml.m5.xlarge", "small-server", "batch"):
        assert month(target, busy) == month(target, replace(busy, memory_gb=CORE_GB))
