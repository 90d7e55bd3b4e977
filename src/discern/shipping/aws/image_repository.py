"""Repository of a function's container images in Amazon ECR."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from discern.buckets.account_clients import AccountClients, plain_errors
from discern.errors import UsageError
from discern.shipping.aws.account_stack import tag_list


@dataclass(frozen=True, kw_only=True)
class ImageRepository:
    """Repository of images in Amazon ECR.

    Attributes:
        address: address of the repository, without a tag.
        password: password that its registry accepts for some hours.
    """

    address: str
    password: str

    @property
    def registry(self) -> str:
        """Return the host of the registry."""
        return self.address.partition("/")[0]


def open_repository(name: str, *, tags: Mapping[str, str]) -> ImageRepository:
    """Return the repository of a name, which is created if it is missing.

    Args:
        name: name of the repository.
        tags: tags of everything that is created.

    Raises:
        UsageError: AWS refuses, or there is one that is not of this bundle.
    """
    with plain_errors():
        client = AccountClients()["ecr"]
        try:
            [found] = client.describe_repositories(repositoryNames=[name])["repositories"]
        except client.exceptions.RepositoryNotFoundException:
            found = client.create_repository(repositoryName=name, imageTagMutability="IMMUTABLE", tags=tag_list(tags))[
                "repository"
            ]
        present = client.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]
        bundle = {each["Key"]: each["Value"] for each in present}.get("discern:bundle")
        if bundle != tags["discern:bundle"]:
            hint = "Remove it, or give the bundle another name."
            raise UsageError(f"There is already an image repository {name} that is not of this bundle.", hint=hint)
        [authorization] = client.get_authorization_token()["authorizationData"]
    password = base64.b64decode(authorization["authorizationToken"]).decode().partition(":")[2]
    return ImageRepository(address=found["repositoryUri"], password=password)


def has_image(name: str, tag: str) -> bool:
    """Return True if a repository has an image of a tag."""
    with plain_errors():
        client = AccountClients()["ecr"]
        try:
            return bool(client.describe_images(repositoryName=name, imageIds=[{"imageTag": tag}])["imageDetails"])
        except client.exceptions.ImageNotFoundException:
            return False
