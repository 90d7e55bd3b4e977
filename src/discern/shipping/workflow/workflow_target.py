"""Deployment target that runs a model in a workflow of AWS Step Functions."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discern.buckets.account_clients import AccountClients
from discern.errors import UsageError
from discern.shipping.aws.workflow_stack import create_workflow
from discern.shipping.plan import Plan, Step
from discern.shipping.ship_target import ShippedBundle
from discern.shipping.workflow.state_machine import build_state_machine, to_text
from discern.shipping.workflow.workflow_options import WorkflowOptions
from discern.shipping.workflow.workflow_template import build_template

DEFINITION, TEMPLATE = "state_machine.asl.json", "template.yaml"


@dataclass(frozen=True)
class WorkflowTarget:
    """Deployment target that runs a model in a workflow of AWS Step Functions."""

    name = "workflow"
    options_type = WorkflowOptions

    def plan(self, bundle: ShippedBundle, out: Path, options: WorkflowOptions) -> Plan:
        """Write the state machine and its template, and return the plan."""
        machine = build_state_machine(options, bundle.model.manifest)
        template = build_template(machine, options, name=_name(bundle, options), tags=bundle.tags)
        (out / DEFINITION).write_text(to_text(machine), encoding="utf-8")
        (out / TEMPLATE).write_text(template, encoding="utf-8")
        return Plan(target=self.name, steps=_steps(options, _name(bundle, options)), files=(DEFINITION, TEMPLATE))

    def require_ready(self, options: WorkflowOptions) -> None:
        """Check that the function and the bucket are named, and that an account can be called."""
        if options.function is None or options.bucket is None:
            raise UsageError(
                "The workflow needs the Lambda function that runs its tasks, and the bucket of the pictures.",
                hint="Pass --function ARN and --bucket NAME; discern ship lambda creates the function.",
            )
        AccountClients().check_credentials()

    def create(self, bundle: ShippedBundle, out: Path, options: WorkflowOptions) -> dict[str, Any]:
        """Create the stack of the template, and return the ARNs of the state machine, its role and its topic."""
        assert options.function is not None
        assert options.bucket is not None
        return create_workflow(
            _name(bundle, options), out / TEMPLATE, function=options.function, bucket=options.bucket, tags=bundle.tags
        )


def _name(bundle: ShippedBundle, options: WorkflowOptions) -> str:
    """Return the name of the stack and the state machine, so that one picture and lists each have their own."""
    return f"{bundle.resource_name}-workflow{'-map' if options.map else ''}"


def _steps(options: WorkflowOptions, name: str) -> tuple[Step, ...]:
    rule = "the bundle's own decisions" if options.threshold is None else f"a confidence of {options.threshold:g}"
    what = "a list of pictures" if options.map else "one picture"
    steps = [Step("Create the topic for notices of failures.", creates="AWS::SNS::Topic")] if options.notify else []
    allowed = "run the Lambda function" + (" and publish notices" if options.notify else "")
    steps.append(Step(f"Create the role, which may only {allowed}.", creates="AWS::IAM::Role"))
    text = f"Create the state machine for {what}: serialize, classify, and filter by {rule}."
    steps.append(Step(text, creates="AWS::StepFunctions::StateMachine"))
    access = "Let the function read the pictures"
    if options.review_folder:
        access += f", and copy those that do not pass to {options.review_folder}"
    stack = Step(f"Create the stack {name} from {TEMPLATE}.", creates="AWS::CloudFormation::Stack")
    return (stack, *steps, Step(f"{access}.", creates="AWS::IAM::Policy"))
