"""Deployment target that runs a model as a function on AWS Lambda."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discern.errors import UsageError
from discern.shipping.plan import Plan, Step
from discern.shipping.ship_target import ShippedBundle


@dataclass(frozen=True, kw_only=True)
class LambdaOptions:
    """Options of a function on AWS Lambda."""


@dataclass(frozen=True)
class LambdaTarget:
    """Deployment target that runs a model as a function on AWS Lambda."""

    name = "lambda"
    options_type = LambdaOptions

    def plan(self, bundle: ShippedBundle, out: Path, options: LambdaOptions) -> Plan:  # noqa: ARG002 - no options yet
        """Write the package and its template, and return the plan."""
        shutil.copyfile(bundle.path, out / "model.discern")
        step = Step("Create the function.", creates="AWS::Lambda::Function")
        return Plan(target=self.name, steps=(step,), files=("model.discern",))

    def create(self, bundle: ShippedBundle, out: Path, options: LambdaOptions) -> dict[str, Any]:  # noqa: ARG002
        """Create the function."""
        raise UsageError("The function cannot be created yet.", hint="Use --dry-run.")
