"""Deployment target that runs a model as a function on AWS Lambda."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discern.buckets.account_clients import AccountClients
from discern.shipping.function_memory import function_megabytes
from discern.shipping.function_package import MAX_IMAGE_BYTES, MAX_UNPACKED_BYTES, FunctionPackage, build_package
from discern.shipping.image_builder import require_builder
from discern.shipping.lambda_image import DOCKERFILE, PACKAGE, dockerfile, image_steps, push_image
from discern.shipping.lambda_options import LambdaOptions
from discern.shipping.lambda_template import lambda_template
from discern.shipping.plan import Plan, Step
from discern.shipping.ship_target import ShippedBundle
from discern.shipping.wheel_download import PYTHON

TEMPLATE = "template.yaml"


@dataclass(frozen=True)
class LambdaTarget:
    """Deployment target that runs a model as a function on AWS Lambda, as a zip archive or a container image."""

    name = "lambda"
    options_type = LambdaOptions

    def plan(self, bundle: ShippedBundle, out: Path, options: LambdaOptions) -> Plan:
        """Write the package and its template, and return the plan."""
        needed = bundle.measured.resident_gb
        memory = function_megabytes(needed, options.memory)
        package = build_package(
            bundle.path.read_bytes(),
            out / PACKAGE,
            architecture=options.arch,
            cache=options.cache,
            wheels=options.wheels,
            python=options.python,
            further_formats=options.all_formats,
            max_bytes=MAX_IMAGE_BYTES if options.image else MAX_UNPACKED_BYTES,
        )
        template = lambda_template(bundle, options, memory=memory, needed_gb=needed)
        (out / TEMPLATE).write_text(template, encoding="utf-8")
        files = [PACKAGE, TEMPLATE]
        if options.image:
            (out / DOCKERFILE).write_text(dockerfile(bundle, options.arch), encoding="utf-8")
            files.append(DOCKERFILE)
        return Plan(
            target=self.name,
            steps=tuple(_steps(bundle, out, options, package, memory)),
            files=tuple(sorted(files)),
            unpacked_bytes=package.unpacked_bytes,
            zipped_bytes=package.zipped_bytes,
        )

    def require_ready(self, options: LambdaOptions) -> None:
        """Check that an account can be called, and that images can be built if one is wanted."""
        if options.image:
            require_builder()
        AccountClients().check_credentials()

    def create(self, bundle: ShippedBundle, out: Path, options: LambdaOptions) -> dict[str, Any]:
        """Create the stack of the function and return its outputs."""
        from discern.shipping.aws.function_stack import create_image_stack, create_stack  # noqa: PLC0415 - imports boto3

        if options.image:
            image = push_image(bundle, out, options.arch, require_builder())
            return create_image_stack(bundle.resource_name, out / TEMPLATE, image, tags=bundle.tags)
        return create_stack(bundle.resource_name, out / TEMPLATE, out / PACKAGE, tags=bundle.tags)


def _steps(
    bundle: ShippedBundle, out: Path, options: LambdaOptions, package: FunctionPackage, memory: int
) -> Iterator[Step]:
    packages = ", ".join(package.requirements)
    compiled = f"compiled by Python {PYTHON}"
    if not package.is_compiled:
        compiled = f"not compiled, as there is no Python {PYTHON} here: its first answer takes about twice as long"
    yield Step(f"Pack {packages}, Discern's serving code and the bundle for {options.arch}; {compiled}.")
    if options.image:
        yield from image_steps(bundle, out, options.arch)
    else:
        yield Step("Create a private bucket for the package, unless it exists.", creates="AWS::S3::Bucket")
        yield Step(f"Upload {PACKAGE} ({package.zipped_bytes / 1e6:.1f} MB).")
    yield Step(f"Create the stack {bundle.resource_name} from {TEMPLATE}.", creates="AWS::CloudFormation::Stack")
    yield Step("Create a role that may write the function's log, and what the options need.", creates="AWS::IAM::Role")
    yield Step("Create the function's log, kept for 30 days.", creates="AWS::Logs::LogGroup")
    start = ", started from a snapshot, which is paid for all the time" if options.snapstart else ""
    yield Step(f"Create the function with {memory} MB{start}.", creates="AWS::Lambda::Function")
    yield Step(
        "Create an HTTP API in front of it, which anyone may call, limited to 50 requests a second.",
        creates="AWS::ApiGatewayV2::Api",
    )
    if options.bucket:
        yield Step(f"Answer pictures as they arrive in {options.bucket}.", creates="AWS::Events::Rule")
        yield Step(
            f"Then let {options.bucket} send its events to Amazon EventBridge, in its properties: "
            "Discern changes no bucket of yours, and no picture is answered as it arrives before that."
        )
    if options.capture:
        yield Step(f"Let the function write its answers with their pictures to {options.capture}, a bucket of yours.")
    tags = ", ".join(f"{name}={value}" for name, value in bundle.tags.items())
    yield Step(f"Tag everything with {tags}.")
