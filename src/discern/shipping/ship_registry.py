"""Registry of the targets to which a model can be deployed."""

from collections.abc import Mapping
from types import MappingProxyType

from discern.errors import UsageError
from discern.shipping.ci.ci_target import CiTarget
from discern.shipping.container.container_target import ContainerTarget, KubernetesTarget
from discern.shipping.lambda_target import LambdaTarget
from discern.shipping.ship_target import ShipTarget
from discern.shipping.site.site_target import SiteTarget
from discern.shipping.workflow.workflow_target import WorkflowTarget

SHIP_TARGETS: Mapping[str, ShipTarget] = MappingProxyType(
    {
        "lambda": LambdaTarget(),
        "container": ContainerTarget(),
        "kubernetes": KubernetesTarget(),
        "site": SiteTarget(),
        "workflow": WorkflowTarget(),
        "ci": CiTarget(),
    }
)


def find_ship_target(name: str) -> ShipTarget:
    """Find a deployment target by its name.

    Raises:
        UsageError: there is no target of that name.
    """
    if name not in SHIP_TARGETS:
        raise UsageError(f"Unknown deployment target: {name!r}.", hint=f"Use one of: {', '.join(SHIP_TARGETS)}.")
    return SHIP_TARGETS[name]
