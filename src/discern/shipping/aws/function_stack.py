"""Stack of a function on AWS, created from its SAM template by CloudFormation."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from discern.buckets.account_clients import AccountClients
from discern.shipping.aws.account_stack import deploy_stack, upload_package

_CODE, _IMAGE = "CodeUri: function.zip", "  ImageUri:\n    Type: String\n"


def create_stack(name: str, template: Path, package: Path, *, tags: Mapping[str, str]) -> dict[str, Any]:
    """Upload a package and create, or update, the stack of its template.

    Args:
        name: name of the stack.
        template: path of the SAM template.
        package: path of the zip archive.
        tags: tags of everything that is created.

    Returns:
        `stack`, `package` and the outputs of the stack by name.

    Raises:
        UsageError: AWS refuses, or the stack cannot be created.
    """
    clients = AccountClients()
    address = upload_package(clients, name, package, tags=tags)
    body = template.read_text(encoding="utf-8").replace(_CODE, f"CodeUri: {address}")
    return {"stack": name, "package": address, **deploy_stack(clients, name, body, tags=tags)}


def create_image_stack(name: str, template: Path, image: str, *, tags: Mapping[str, str]) -> dict[str, Any]:
    """Create, or update, the stack of a template whose function is a container image.

    Args:
        name: name of the stack.
        template: path of the SAM template.
        image: address of the image in ECR, with its tag.
        tags: tags of everything that is created.

    Returns:
        `stack`, `image` and the outputs of the stack by name.

    Raises:
        UsageError: AWS refuses, or the stack cannot be created.
    """
    body = template.read_text(encoding="utf-8").replace(_IMAGE, f"{_IMAGE}    Default: {image}\n")
    return {"stack": name, "image": image, **deploy_stack(AccountClients(), name, body, tags=tags)}
