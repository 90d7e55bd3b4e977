"""Container image of the function on AWS Lambda."""

from discern.shipping.lambda_template import HANDLER
from discern.shipping.ship_target import ShippedBundle
from discern.shipping.wheel_download import PYTHON

_DOCKERFILE = """\
# Image of the function on AWS Lambda. Its files are those of function.zip; Amazon's base image runs them.
FROM public.ecr.aws/lambda/python:{python}-{architecture} AS unpacked
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


def push_commands(bundle: ShippedBundle, architecture: str) -> list[str]:
    """Return the commands that create the repository in ECR, log in, build the image and push it."""
    name, tag = bundle.resource_name, bundle.tags["discern:fingerprint"]
    registry = "$ACCOUNT.dkr.ecr.$REGION.amazonaws.com"
    platform = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}[architecture]
    tags = " ".join(f"Key={key},Value={value!r}" for key, value in bundle.tags.items())
    return [
        f"aws ecr create-repository --repository-name {name} --image-tag-mutability IMMUTABLE --tags {tags}",
        f"aws ecr get-login-password | docker login --username AWS --password-stdin {registry}",
        f"docker build --provenance=false --platform {platform} --tag {registry}/{name}:{tag} .",
        f"docker push {registry}/{name}:{tag}",
    ]
