"""Estimates for machines that are always on or run once a day, and for managed services."""

import math

from discern.shipping.cost_row import DAYS, HOURS, CostRow, Workload
from discern.shipping.function_costs import Estimate
from discern.shipping.price_table import CostUnknown, Price, PriceTable

_SYSTEM_GB = 0.25  # operating system beside the server; not tuned
_BATCH_START_SECONDS = 240  # start of the machine and of the container; not tuned
_TASK_CORES, _TASK_GB = 0.5, 1.0
_SHOWN_SHARE = 0.001
CUSTOM_SERVICES = {
    "rekognition-custom-labels": ("rekognition", "custom-labels-inference", "hour"),
    "azure-custom-vision": ("azure-custom-vision", "prediction", "thousand pictures"),
    "vertex-ai-automl": ("vertex-ai", "automl-image-deployment", "hour"),
}
"""Managed services that train on a customer's own pictures: service, item and unit of the price by target."""


def holds(machine: Price, work: Workload) -> bool:
    """Test whether a machine has the memory for the model beside its operating system."""
    return machine.memory_gb is not None and machine.memory_gb >= _needed_gb(work)


def _needed_gb(work: Workload) -> float:
    """Return the memory in GB of a machine that holds the model beside its operating system."""
    return (work.server_gb or work.resident_gb) + _SYSTEM_GB


def answers_per_day(machine: Price, work: Workload) -> float:
    """Return the answers a day up to which a machine keeps up with the busiest minute."""
    return (machine.cores or 0) * 86400 / work.seconds / work.peak


def _needed(machine: Price, work: Workload) -> int:
    return max(1, math.ceil(work.per_day / answers_per_day(machine, work) - 1e-9))


def fixed_per_month(machine: Price) -> float:
    """Return the US dollars that one machine takes in a month."""
    return machine.amount * HOURS if machine.unit == "hour" else machine.amount


def machines(prices: PriceTable, service: str, work: Workload) -> list[Price]:
    """Return the machines of a service that hold the model, those first that answer the workload at least cost."""
    known = [each for each in prices.of(service) if each.cores and each.unit in ("hour", "month")]
    fitting = [each for each in known if holds(each, work)]
    return sorted(fitting, key=lambda each: (_needed(each, work) * fixed_per_month(each), fixed_per_month(each)))


def cheapest_machine(prices: PriceTable, service: str, work: Workload) -> Price:
    """Return the machine of a service that holds the model and answers the workload at least cost.

    Raises:
        CostUnknown: the table has none.
    """
    found = machines(prices, service, work)
    if not found:
        need = f"{_needed_gb(work):.2g} GB"
        raise CostUnknown(f"No machine of {service} in the price table has {need}: add one by --prices FILE.")
    return found[0]


def machine_estimate(machine: Price, target: str) -> Estimate:
    """Return the estimate of machines of one type that are always on.

    Args:
        machine: row of the machine in the price table.
        target: name of the way to deploy.
    """

    def estimate(prices: PriceTable, work: Workload) -> CostRow:
        amount = prices.amount(machine.service, machine.item, machine.unit)
        number = _needed(machine, work)
        month = number * (amount * HOURS if machine.unit == "hour" else amount)
        busy = min(1.0, work.per_day * work.seconds / 86400 / (number * (machine.cores or 1)))
        idle = f"{1 - busy:.1%}" if busy > _SHOWN_SHARE else f"more than {1 - _SHOWN_SHARE:.1%}"
        rate = f"{HOURS} hours at ${amount:g}" if machine.unit == "hour" else f"${amount:g} a month"
        said = (
            f"{number} x {machine.item}: {machine.memory_gb:g} GB, {machine.cores:g} cores all the time; {rate}; for a "
            f"busiest minute of {work.peak:g} times the mean. It is idle {idle} of the time.",
            "Without logs, storage and data transfer.",
        )
        parts = {"busy": month * busy, "idle": month * (1 - busy)}
        return CostRow(target=target, parts=parts, answers=work.per_month, assumptions=said)

    return estimate


def batch_estimate(prices: PriceTable, work: Workload) -> CostRow:
    """Estimate one batch job a day on the machine that does it at least cost."""
    cheapest_machine(prices, "sagemaker", work)
    machine = min(machines(prices, "sagemaker", work), key=lambda each: _job_seconds(each, work) * each.amount)
    amount = prices.amount("sagemaker", machine.item, "hour")
    parts = {
        "start": DAYS * _BATCH_START_SECONDS / 3600 * amount,
        "busy": DAYS * (_job_seconds(machine, work) - _BATCH_START_SECONDS) / 3600 * amount,
    }
    said = (
        f"One job a day on {machine.item} at ${amount:g} an hour, {_BATCH_START_SECONDS} s to start; answers come a "
        "day later at most.",
    )
    late = "answers a day later"
    return CostRow(target="batch", parts=parts, answers=work.per_month, assumptions=said, caveat=late)


def _job_seconds(machine: Price, work: Workload) -> float:
    return _BATCH_START_SECONDS + work.per_day * work.seconds / (machine.cores or 1)


def container_estimate(prices: PriceTable, work: Workload) -> CostRow:
    """Estimate a container that is always on, on Fargate."""
    cores = _TASK_CORES * max(1, math.ceil(work.per_day * work.seconds / 86400 * work.peak / _TASK_CORES))
    memory = max(_TASK_GB, math.ceil(_needed_gb(work)), 2 * cores)
    parts = {
        "processor": cores * HOURS * prices.amount("fargate", "vcpu", "hour"),
        "memory": memory * HOURS * prices.amount("fargate", "memory", "GB-hour"),
        "image": work.package_gb * prices.amount("ecr", "storage", "GB-month"),
    }
    said = (f"{cores:g} virtual processors and {memory:g} GB all the time; without a load balancer.",)
    return CostRow(target="container-fargate", parts=parts, answers=work.per_month, assumptions=said)


def labels_estimate(prices: PriceTable, work: Workload) -> CostRow:
    """Estimate Rekognition's general labels, which are not the customer's classes."""
    amount = prices.amount("rekognition", "detect-labels", "thousand pictures")
    said = ("General labels, not your classes; the first million pictures a month, above which it is cheaper.",)
    parts = {"pictures": work.per_month / 1000 * amount}
    return CostRow(
        target="rekognition-labels",
        parts=parts,
        answers=work.per_month,
        assumptions=said,
        caveat="general labels, not your classes",
    )


def custom_service_estimate(target: str) -> Estimate:
    """Return the estimate of a managed service that was trained on the customer's pictures.

    Args:
        target: one of `CUSTOM_SERVICES`.
    """
    service, item, unit = CUSTOM_SERVICES[target]

    def estimate(prices: PriceTable, work: Workload) -> CostRow:
        amount = prices.amount(service, item, unit)
        number = HOURS if unit == "hour" else work.per_month / 1000
        said = "One unit, always on." if unit == "hour" else "By prediction."
        parts = {"answers": number * amount}
        return CostRow(
            target=target,
            parts=parts,
            answers=work.per_month,
            assumptions=(f"{said} Without its training.",),
            caveat="without its training",
        )

    return estimate
