"""Container image of the function on AWS Lambda."""

import hashlib
import shlex
from collections.abc import Iterator
from pathlib import Path

from discern.shipping.image_builder import ImageBuilder, installed_builder
from discern.shipping.lambda_template import HANDLER
from discern.shipping.plan import Step
from discern.shipping.ship_target import ShippedBundle
from discern.shipping.wheel_download import PYTHON

PACKAGE, DOCKERFILE = "function.zip", "Dockerfile"
_DOCKERFILE = """\
# Image of the function on AWS Lambda. Its files are those of function.zip; Amazon's base image runs them.
# They are unpacked by the processor of this machine, so that images for another one are built without emulation.
FROM --platform=$BUILDPLATFORM public.ecr.aws/lambda/python:{python} AS unpacked
COPY function.zip /function.zip
RUN python -m zipfile -e /function.zip /unpacked

FROM public.ecr.aws/lambda/python:{python}-{architecture}
LABEL {labels}
COPY --from=unpacked /unpacked ${{LAMBDA_TASK_ROOT}}
CMD ["{handler}"]
"""


def dockerfile(bundle: ShippedBundle, architecture: str) -> str:
    """Build the Dockerfile of the function's image.

    Args:
        bundle: bundle to deploy.
        architecture: "x86_64" or "arm64".
    """
    labels = " ".join(f'{name.replace(":", ".")}="{value}"' for name, value in bundle.tags.items())
    return _DOCKERFILE.format(python=PYTHON, architecture=architecture, labels=labels, handler=HANDLER)


def image_tag(bundle: ShippedBundle, folder: Path) -> str:
    """Return the tag of the image that is built in a folder: equal for equal content, as tags cannot be replaced."""
    digest = hashlib.sha256()
    for name in (DOCKERFILE, PACKAGE):
        digest.update((folder / name).read_bytes())
    return f"{bundle.tags['discern:fingerprint']}-{digest.hexdigest()[:12]}"


def image_steps(bundle: ShippedBundle, folder: Path, architecture: str) -> Iterator[Step]:
    """Yield the steps that create the repository in ECR, log in to it, build the image and push it.

    Args:
        bundle: bundle to deploy.
        folder: folder with the Dockerfile.
        architecture: "x86_64" or "arm64".
    """
    builder, name = installed_builder(), bundle.resource_name
    registry = "$ACCOUNT.dkr.ecr.$REGION.amazonaws.com"
    image = f"{registry}/{name}:{image_tag(bundle, folder)}"
    tags = shlex.join(f"Key={key},Value={value}" for key, value in bundle.tags.items())
    create = f"aws ecr create-repository --repository-name {name} --image-tag-mutability IMMUTABLE --tags {tags}"
    login = f"aws ecr get-login-password | {' '.join(builder.login_command(registry))}"
    yield Step(f"Create the image repository {name}, unless it exists: {create}", creates="AWS::ECR::Repository")
    yield Step(f"Log in to it: {login}")
    yield Step(f"Build the image: {' '.join(builder.build_command(image, architecture, '.'))}")
    yield Step(f"Push it: {' '.join(builder.push_command(image))}")


def push_image(bundle: ShippedBundle, folder: Path, architecture: str, builder: ImageBuilder) -> str:
    """Build the image of a folder, push it to its repository, and return its address.

    Args:
        bundle: bundle to deploy.
        folder: folder with the Dockerfile.
        architecture: "x86_64" or "arm64".
        builder: program that builds it.

    Raises:
        UsageError: AWS refuses, or the image cannot be built or pushed.
    """
    from discern.shipping.aws.image_repository import has_image, open_repository  # noqa: PLC0415 - imports boto3

    name, tag = bundle.resource_name, image_tag(bundle, folder)
    repository = open_repository(name, tags=bundle.tags)
    image = f"{repository.address}:{tag}"
    if not has_image(name, tag):
        with builder.logged_in(repository.registry, repository.password):
            builder.build(image, architecture, folder)
            builder.push(image)
    return image
