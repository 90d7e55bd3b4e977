"""All rows of a cost estimate for a workload, and the numbers of answers at which they are equal."""

from collections.abc import Sequence
from dataclasses import dataclass

from discern.shipping.break_even import BreakEven, break_even
from discern.shipping.cost_lines import cost_lines
from discern.shipping.cost_row import CostRow, Workload, priced
from discern.shipping.function_costs import (
    Estimate,
    api_estimate,
    api_target,
    lambda_estimate,
    serverless_estimate,
    workflow_estimate,
)
from discern.shipping.machine_costs import (
    CUSTOM_SERVICES,
    batch_estimate,
    cheapest_machine,
    container_estimate,
    custom_service_estimate,
    labels_estimate,
    machine_estimate,
    machines,
)
from discern.shipping.price_table import CostUnknown, Price, PriceTable

ENDPOINT, SERVER, COMMON = "real-time-endpoint", "small-server", "ml.m5.xlarge"


@dataclass(frozen=True, kw_only=True)
class CostTable:
    """Rows of a cost estimate.

    Attributes:
        rows: one row for each way to deploy.
        break_even: number of answers for each pair of a function and a machine that is always on.
        lines: answers a day and US dollars a month of a function and of each machine that is always on.
    """

    rows: tuple[CostRow, ...]
    break_even: tuple[BreakEven, ...]
    lines: dict[str, list[tuple[float, float]]]


def estimate_costs(prices: PriceTable, work: Workload) -> CostTable:
    """Estimate the costs of all ways to deploy a model.

    Args:
        prices: the price table.
        work: number of answers, and the resources that each takes.
    """
    functions: list[tuple[str, Estimate]] = [
        ("lambda-x86", lambda_estimate("x86")),
        ("lambda-arm", lambda_estimate("arm")),
        *(
            (api_target("http", processor, snapshot=snapshot), api_estimate("http", processor, snapshot=snapshot))
            for snapshot in (False, True)
            for processor in ("x86", "arm")
        ),
        ("lambda-rest-api", api_estimate("rest")),
        ("step-functions", workflow_estimate()),
        ("serverless-endpoint", serverless_estimate),
        ("batch", batch_estimate),
    ]
    services: list[tuple[str, Estimate]] = [
        ("container-fargate", container_estimate),
        ("rekognition-labels", labels_estimate),
        *((target, custom_service_estimate(target)) for target in CUSTOM_SERVICES),
    ]
    known = _always_on(prices, work)
    always_on: Sequence[tuple[str, Estimate]] = [
        (target, _always_on_estimate(target, service, known.get(target)))
        for target, service in ((ENDPOINT, "sagemaker"), (COMMON, "sagemaker"), (SERVER, "lightsail"))
    ]
    rows = [priced(target, work, each, prices) for target, each in (*functions, *always_on, *services)]
    return CostTable(
        rows=tuple(rows),
        break_even=tuple(_break_even(prices, work, known)),
        lines=cost_lines(prices, work, known),
    )


def _always_on(prices: PriceTable, work: Workload) -> dict[str, Price]:
    endpoints, servers = machines(prices, "sagemaker", work), machines(prices, "lightsail", work)
    common = [each for each in endpoints if each.item == COMMON]
    found = {ENDPOINT: endpoints[:1], COMMON: common, SERVER: servers[:1]}
    return {target: known[0] for target, known in found.items() if known}


def _always_on_estimate(target: str, service: str, machine: Price | None) -> Estimate:
    if machine is not None:
        return machine_estimate(machine, target)

    def estimate(prices: PriceTable, work: Workload) -> CostRow:
        machine = cheapest_machine(prices, service, work)
        raise CostUnknown(f"{target} does not hold the model: {machine.item} does.")

    return estimate


def _break_even(prices: PriceTable, work: Workload, known: dict[str, Price]) -> list[BreakEven]:
    try:
        return [
            break_even(prices, work, machine, target, processor)
            for processor in ("x86", "arm")
            for target, machine in known.items()
        ]
    except CostUnknown:
        return []
