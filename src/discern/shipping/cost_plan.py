"""Cost of a planned deployment, as a row of the cost table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from discern.shipping.container.container_target import ContainerOptions
from discern.shipping.cost_row import CORE_GB, CostRow, Workload
from discern.shipping.cost_table import SERVER
from discern.shipping.function_costs import api_estimate, workflow_estimate
from discern.shipping.function_memory import function_megabytes
from discern.shipping.lambda_options import LambdaOptions
from discern.shipping.machine_costs import cheapest_machine, machine_estimate
from discern.shipping.measurement import Measurement
from discern.shipping.plan import Plan
from discern.shipping.price_table import CostUnknown, PriceTable
from discern.shipping.ship_target import ShippedBundle
from discern.shipping.site.site_target import SiteOptions
from discern.shipping.site_costs import SiteFiles, site_estimate
from discern.shipping.workflow.state_machine import build_state_machine
from discern.shipping.workflow.transitions import LIST_PICTURES, accepted_transitions
from discern.shipping.workflow.workflow_options import WorkflowOptions

_BASE_IMAGE_GB = 0.2  # compressed, of Amazon's Python image; not tuned


@dataclass(frozen=True, kw_only=True)
class PlannedDeployment:
    """Deployment that was planned, and the number of answers to price it for.

    Attributes:
        bundle: the bundle to deploy.
        plan: the plan.
        options: options of the target.
        per_day: answers a day.
    """

    bundle: ShippedBundle
    plan: Plan
    options: object
    per_day: float


def plan_cost(prices: PriceTable, planned: PlannedDeployment) -> CostRow:
    """Return the cost of a planned deployment.

    Args:
        prices: the price table.
        planned: the deployment.

    Raises:
        CostUnknown: a price is not known, or the cost depends on more than the number of answers.
        BundleError: the bundle cannot be measured on this machine.
    """
    return _COSTS[planned.plan.target](prices, planned)


def _lambda_cost(prices: PriceTable, planned: PlannedDeployment) -> CostRow:
    options = planned.options
    assert isinstance(options, LambdaOptions)
    measured = planned.bundle.measured
    memory = function_megabytes(measured.resident_gb, options.memory) / 1024
    package = (planned.plan.zipped_bytes or 0) / 1e9
    work = _workload(planned, measured, memory=memory, package=0.0 if options.image else package)
    processor = "arm" if options.arch == "arm64" else "x86"
    row = api_estimate("http", processor, snapshot=options.snapstart)(prices, work)
    said = list(row.assumptions)
    parts = dict(row.parts or {})
    if options.image:
        size = package + _BASE_IMAGE_GB
        parts["image"] = size * prices.amount("ecr", "storage", "GB-month")
        said.append(
            f"The image takes {size:.2f} GB in ECR, of which {_BASE_IMAGE_GB:g} GB are taken for Amazon's base."
        )
    if options.speech:
        said.append("Without spoken answers.")
    if options.bucket:
        said.append("Pictures that arrive in the bucket: without their requests to S3, and counted as if by the API.")
    return replace(row, parts=parts, assumptions=(*said, f"{measured.describe()}."))


def _workflow_cost(prices: PriceTable, planned: PlannedDeployment) -> CostRow:
    options = planned.options
    assert isinstance(options, WorkflowOptions)
    measured = planned.bundle.measured
    work = _workload(planned, measured, memory=function_megabytes(measured.resident_gb) / 1024)
    machine = build_state_machine(options, planned.bundle.model.manifest)
    row = workflow_estimate(accepted_transitions(machine))(prices, work)
    said = ["The function itself is deployed by `discern ship lambda`, whose API and snapshot are not part of this."]
    if options.map:
        said.append(f"Lists of {LIST_PICTURES} pictures.")
    return replace(row, assumptions=(*row.assumptions, *said, f"{measured.describe()}."))


def _container_cost(prices: PriceTable, planned: PlannedDeployment) -> CostRow:
    options = planned.options
    assert isinstance(options, ContainerOptions)
    measured = planned.bundle.measured
    work = _workload(planned, measured, memory=CORE_GB)
    if options.memory is not None:
        work = replace(work, server_gb=options.memory * (1 << 20) / 1e9)
    row = machine_estimate(cheapest_machine(prices, "lightsail", work), SERVER)(prices, work)
    said = "For a server of AWS Lightsail; a machine that you have already costs nothing more."
    return replace(row, assumptions=(*row.assumptions, said, f"{measured.describe()}."))


def _kubernetes_cost(prices: PriceTable, planned: PlannedDeployment) -> CostRow:  # noqa: ARG001 - as the others
    raise CostUnknown("It depends on the cluster: its nodes are paid for, and what else runs on them is not known.")


def _site_cost(prices: PriceTable, planned: PlannedDeployment) -> CostRow:
    options = planned.options
    assert isinstance(options, SiteOptions)
    if options.place != "cloudfront":
        raise CostUnknown(f"The prices of {options.place.title()} are not in the table.")
    files = SiteFiles(number=len(options.files), gb=sum(map(len, options.files.values())) / 1e9)
    # The time of an answer does not matter: browsers compute it, or the API, which is another deployment.
    row = site_estimate(files)(prices, Workload(per_day=planned.per_day, milliseconds=1))
    if options.api is None:
        return row
    return replace(row, assumptions=(*row.assumptions, f"Without the API at {options.api}."))


def _ci_cost(prices: PriceTable, planned: PlannedDeployment) -> CostRow:  # noqa: ARG001 - as the others
    raise CostUnknown("It depends on the service: its minutes are not in the table, and nothing answers requests.")


def _workload(planned: PlannedDeployment, measured: Measurement, *, memory: float, package: float = 0.0) -> Workload:
    """Return the work of a deployment on cores like those of this machine."""
    if measured.resident_gb is None:
        raise CostUnknown("The memory of the model cannot be measured on this system.")
    return Workload(
        per_day=planned.per_day,
        milliseconds=measured.milliseconds,
        memory_gb=memory,
        resident_gb=measured.resident_gb,
        server_gb=measured.server_gb,
        cold_start=measured.cold_start,
        package_gb=package,
    )


_COSTS: Mapping[str, Callable[[PriceTable, PlannedDeployment], CostRow]] = MappingProxyType(
    {
        "lambda": _lambda_cost,
        "workflow": _workflow_cost,
        "container": _container_cost,
        "kubernetes": _kubernetes_cost,
        "site": _site_cost,
        "ci": _ci_cost,
    }
)
