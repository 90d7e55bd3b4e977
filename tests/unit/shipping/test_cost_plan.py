"""Costs of planned deployments: what each target creates is what is paid for."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from discern.shipping.container.container_target import ContainerOptions, KubernetesOptions
from discern.shipping.cost_plan import _COSTS, PlannedDeployment, plan_cost
from discern.shipping.cost_row import CostRow
from discern.shipping.lambda_options import LambdaOptions
from discern.shipping.measurement import Measurement
from discern.shipping.plan import Plan
from discern.shipping.price_table import CostUnknown, load_prices
from discern.shipping.ship_registry import SHIP_TARGETS
from discern.shipping.ship_target import ShippedBundle
from discern.shipping.site.site_target import SiteOptions
from discern.shipping.workflow.workflow_options import WorkflowOptions
from tests.unit.shipping.factories import shipped

MEASURED = Measurement(cold_start=0.8, milliseconds=60.0, resident_gb=0.23, server_gb=0.26, picture_gb=0.0003)
CORE_GB = 1769 / 1024


class MeasuredBundle(ShippedBundle):
    """Bundle whose measurement is stated."""

    measured = MEASURED


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ShippedBundle:
    found = shipped(tmp_path_factory.mktemp("bundle"))
    return MeasuredBundle(path=found.path, model=found.model)


def row(bundle: ShippedBundle, target: str, options: Any, *, per_day: float = 5000, **plan: Any) -> CostRow:
    planned = Plan(target=target, steps=(), files=(), **plan)
    deployment = PlannedDeployment(bundle=bundle, plan=planned, options=options, per_day=per_day)
    return plan_cost(load_prices(today=date(2026, 11, 29)), deployment)


def parts(found: CostRow) -> dict[str, float]:
    assert found.parts is not None
    return dict(found.parts)


def test_every_target_has_a_cost_or_a_reason() -> None:
    assert set(_COSTS) == set(SHIP_TARGETS)


def test_a_function_pays_for_its_api_and_its_package(bundle: ShippedBundle) -> None:
    found = row(bundle, "lambda", LambdaOptions(), zipped_bytes=50_000_000)
    paid = parts(found)
    assert found.target == "lambda-http-api"
    assert paid["compute"] == pytest.approx(150_000 * 0.06 * CORE_GB * 0.0000166667)
    assert paid["api"] == pytest.approx(0.15)
    assert paid["storage"] == pytest.approx(0.05 * 0.023)
    assert not paid.keys() & {"snapshot", "restores"}
    assert paid["cold starts"] > 0
    assert any(said.startswith("Measured on this machine, on one core: 60.0 ms") for said in found.assumptions)


def test_a_snapshot_is_paid_for_all_the_time(bundle: ShippedBundle) -> None:
    found = row(bundle, "lambda", LambdaOptions(snapstart=True), zipped_bytes=50_000_000)
    paid = parts(found)
    assert found.target == "lambda-snapstart"
    assert paid["snapshot"] == pytest.approx(CORE_GB * 730 * 3600 * 0.0000015046)
    assert 0 < paid["restores"] < 0.2
    assert paid["cold starts"] == 0


def test_an_arm_function_has_the_price_of_its_processor(bundle: ShippedBundle) -> None:
    found = row(bundle, "lambda", LambdaOptions(arch="arm64"), zipped_bytes=50_000_000)
    assert found.target == "lambda-http-api-arm"
    assert parts(found)["compute"] == pytest.approx(150_000 * 0.06 * CORE_GB * 0.0000133334)


def test_an_image_is_kept_in_a_registry_and_started_without_a_snapshot(bundle: ShippedBundle) -> None:
    found = row(bundle, "lambda", LambdaOptions(image=True), zipped_bytes=50_000_000)
    paid = parts(found)
    assert found.target == "lambda-http-api"
    assert paid["image"] == pytest.approx(0.25 * 0.10)
    assert not paid.keys() & {"snapshot", "restores", "storage"}
    assert paid["cold starts"] > 0
    assert not any("in S3" in said for said in found.assumptions)


def test_a_function_with_less_memory_takes_longer(bundle: ShippedBundle) -> None:
    found = row(bundle, "lambda", LambdaOptions(memory=512), zipped_bytes=1)
    seconds = -(-60 * 1769 // 512) / 1000
    assert parts(found)["compute"] == pytest.approx(150_000 * seconds * 0.5 * 0.0000166667)


def test_what_the_options_add_is_said(bundle: ShippedBundle) -> None:
    found = row(bundle, "lambda", LambdaOptions(speech="polly", bucket="pictures"), zipped_bytes=1)
    assert "Without spoken answers." in found.assumptions
    assert any("arrive in the bucket" in said for said in found.assumptions)


@pytest.mark.parametrize(
    ("options", "transitions"),
    [({}, 5), ({"notify": True, "review_prefix": "review"}, 5), ({"route_by": "label"}, 7), ({"map": True}, 5.06)],
)
def test_a_workflow_pays_for_the_states_of_an_accepted_picture(
    bundle: ShippedBundle, options: dict[str, Any], transitions: float
) -> None:
    paid = parts(row(bundle, "workflow", WorkflowOptions(threshold=0.9, **options)))
    assert paid["transitions"] == pytest.approx(150 * transitions * 0.025)
    assert paid["requests"] == pytest.approx(3 * 0.03)


def test_a_container_is_the_small_server_that_holds_it(bundle: ShippedBundle) -> None:
    assert row(bundle, "container", ContainerOptions()).per_month == pytest.approx(7)
    assert row(bundle, "container", ContainerOptions(memory=2500)).per_month == pytest.approx(24)
    light = replace(MEASURED, server_gb=0.2)
    assert row(_measured(bundle, light), "container", ContainerOptions()).per_month == pytest.approx(5)
    with pytest.raises(CostUnknown, match="No machine of lightsail in the price table has 98 GB"):
        row(bundle, "container", ContainerOptions(memory=93_000))


def test_a_cluster_has_no_cost_but_a_reason(bundle: ShippedBundle) -> None:
    with pytest.raises(CostUnknown, match="depends on the cluster"):
        row(bundle, "kubernetes", KubernetesOptions())


def test_a_site_is_stored_and_downloaded_by_visitors(bundle: ShippedBundle) -> None:
    files = {"index.html": bytes(1_000_000), "model/model.onnx": bytes(19_000_000)}
    found = row(bundle, "site", SiteOptions(files=files), per_day=100)
    assert parts(found) == {
        "storage": pytest.approx(0.02 * 0.023),
        "transfer": pytest.approx(3000 * 0.02 * 0.085),
        "requests": pytest.approx(3000 * 2 / 1000 * 0.001),
    }
    assert found.one_off == pytest.approx(2 / 1000 * 0.005)
    assert found.assumptions[0].startswith("At most: each answer is taken to be a new visitor's")
    with pytest.raises(CostUnknown, match="prices of Amplify are not in the table"):
        row(bundle, "site", SiteOptions(files=files, place="amplify"))


def test_a_memory_that_cannot_be_measured_leaves_the_cost_unknown(bundle: ShippedBundle) -> None:
    unmeasured = _measured(bundle, replace(MEASURED, resident_gb=None, server_gb=None))
    with pytest.raises(CostUnknown, match="cannot be measured on this system"):
        row(unmeasured, "lambda", LambdaOptions(memory=1769), zipped_bytes=1)


def _measured(bundle: ShippedBundle, measured: Measurement) -> ShippedBundle:
    changed = MeasuredBundle(path=bundle.path, model=bundle.model)
    object.__setattr__(changed, "measured", measured)
    return changed
