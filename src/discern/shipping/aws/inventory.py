"""Inventory of what Discern created in an AWS account, and its removal."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from discern.errors import UsageError
from discern.shipping.aws.access_kinds import ACCESS_KINDS
from discern.shipping.aws.account_clients import AccountClients, error_code, plain_errors
from discern.shipping.aws.function_kinds import DISTRIBUTION, FUNCTION_KINDS, STACK
from discern.shipping.aws.resource_kind import BUNDLE_TAG, Kind, Resource, pages
from discern.shipping.aws.sagemaker_kinds import ENDPOINT, NOTEBOOK, SAGEMAKER_KINDS
from discern.shipping.aws.storage_kinds import BUCKET, LOG_GROUP, MESSAGE_KINDS, REPOSITORY

# Stacks cannot be removed with full buckets and repositories in them. Roles come last, as all others use them.
KINDS: tuple[Kind, ...] = (
    *(BUCKET, REPOSITORY, STACK, DISTRIBUTION),
    *FUNCTION_KINDS,
    *SAGEMAKER_KINDS,
    *MESSAGE_KINDS,
    LOG_GROUP,
    *ACCESS_KINDS,
)
"""Kinds of resources in the order in which they are removed."""
_GONE = ("NotFound", "NoSuch", "ResourceNotFound", "ValidationError", "ValidationException")
OTHER = "other"
"""Kind of tagged resources that Discern does not remove one by one."""


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """Resources that were found in an account.

    Attributes:
        resources: resources in the order in which they are removed.
        unchecked: sentence on each kind that could not be listed.
    """

    resources: tuple[Resource, ...]
    unchecked: tuple[str, ...] = ()

    @property
    def created(self) -> tuple[Resource, ...]:
        """Return the resources that Discern created."""
        return tuple(each for each in self.resources if each.bundle is not None)


def take_inventory(clients: AccountClients, *, bundle: str | None = None) -> Inventory:
    """List what Discern created, and all endpoints and notebooks with machines that are running.

    Args:
        clients: clients of the account.
        bundle: name of the bundle whose resources are listed; None for all.

    Raises:
        UsageError: AWS cannot be reached, or does not accept the credentials.
    """
    clients.check_credentials()
    found: list[Resource] = []
    unchecked: list[str] = []
    for kind in KINDS:
        try:
            found += _listed(clients, kind, bundle)
        except UsageError as error:
            if not _may_be_left_out(error):
                raise
            unchecked.append(f"{kind.name}: {error.message}")
    found += [each for each in _logs_of(clients, found) if (each.kind, each.name) not in _names(found)]
    try:
        found += _others(clients, found, bundle)
    except UsageError as error:
        if not _may_be_left_out(error):
            raise
        unchecked.append(f"tagged resources of further services: {error.message}")
    return Inventory(resources=tuple(found), unchecked=tuple(unchecked))


def _listed(clients: AccountClients, kind: Kind, bundle: str | None) -> list[Resource]:
    with plain_errors():
        every = list(kind.list(clients))
    ours = [each for each in every if each.bundle is not None and bundle in (None, each.bundle)]
    running = [each for each in every if each.machines and each not in ours and kind in (ENDPOINT, NOTEBOOK)]
    return ours if bundle is not None else [*ours, *running]


def _may_be_left_out(error: UsageError) -> bool:
    """Test whether an error concerns one service alone: it is not permitted, or not there in this region."""
    cause = error.__cause__
    return bool(error_code(cause)) if isinstance(cause, Exception) and "not accept" not in error.message else False


def _names(resources: list[Resource]) -> set[tuple[str, str]]:
    return {(each.kind, each.name) for each in resources}


def _logs_of(clients: AccountClients, found: list[Resource]) -> Iterator[Resource]:
    """Yield the groups of logs that AWS itself made for functions and endpoints, which have no tags."""
    prefixes = {"function": "/aws/lambda/", "endpoint": "/aws/sagemaker/Endpoints/"}
    for each in found:
        if each.kind not in prefixes or each.bundle is None:
            continue
        name = prefixes[each.kind] + each.name
        with plain_errors():
            groups = list(pages(clients, "logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name))
        if any(group["logGroupName"] == name for group in groups):
            yield Resource(kind="log-group", name=name, address=name, bundle=each.bundle)


def _others(clients: AccountClients, found: list[Resource], bundle: str | None) -> list[Resource]:
    """Return tagged resources of kinds that are not listed here, which cannot be removed by Discern."""
    only = {"Values": [bundle]} if bundle is not None else {}
    filters: list[dict[str, Any]] = [{"Key": BUNDLE_TAG, **only}]
    with plain_errors():
        tagged = list(
            pages(clients, "resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", TagFilters=filters)
        )
    known = {name for each in found for name in (each.address, each.name)}
    kept = []
    for each in tagged:
        arn = each["ResourceARN"]
        if not known & {arn, arn.rpartition(":")[2], arn.rpartition("/")[2], *arn.split(":")[5:], *arn.split("/")}:
            value = next(tag["Value"] for tag in each["Tags"] if tag["Key"] == BUNDLE_TAG)
            kept.append(Resource(kind=OTHER, name=arn, address=arn, bundle=value))
    return kept


def remove(clients: AccountClients, resources: tuple[Resource, ...]) -> tuple[str, ...]:
    """Remove resources in their order, and return a sentence on each that could not be removed.

    Args:
        clients: clients of the account.
        resources: resources of an inventory.
    """
    by_name = {kind.name: kind for kind in KINDS}
    failed = []
    for each in resources:
        if each.kind not in by_name:
            continue  # gone with its stack, or left and found by the next inventory
        try:
            with plain_errors():
                by_name[each.kind].remove(clients, each)
        except UsageError as error:
            cause = error.__cause__
            if not (isinstance(cause, Exception) and error_code(cause).startswith(_GONE)):
                failed.append(f"{each.kind} {each.name}: {error}")
    return tuple(failed)


def stopped(resource: Resource) -> Resource:
    """Return a notebook as it is after it was stopped."""
    return replace(resource, state="Stopped", machines=())
