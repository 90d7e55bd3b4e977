"""Inventory of what Discern created in an AWS account, and its removal."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from discern.buckets.account_clients import AccountClients, concerns_credentials, error_code, plain_errors
from discern.errors import UsageError
from discern.shipping.aws.access_kinds import ACCESS_KINDS
from discern.shipping.aws.function_kinds import DISTRIBUTION, FUNCTION_KINDS, STACK
from discern.shipping.aws.resource_kind import BUNDLE_TAG, Kind, Resource, bundle_of, pages
from discern.shipping.aws.sagemaker_kinds import ENDPOINT, NOTEBOOK, SAGEMAKER_KINDS
from discern.shipping.aws.storage_kinds import BUCKET, LOG_GROUP, MESSAGE_KINDS, REPOSITORY

# A bucket's name is free for others once it is removed, so what delivers its files goes first. Functions write to
# their logs until they are removed. Roles come last, as all others use them.
KINDS: tuple[Kind, ...] = (
    *(STACK, DISTRIBUTION, BUCKET, REPOSITORY),
    *FUNCTION_KINDS,
    *SAGEMAKER_KINDS,
    *MESSAGE_KINDS,
    LOG_GROUP,
    *ACCESS_KINDS,
)
"""Kinds of resources in the order in which they are removed."""

OTHER = "other"
"""Kind of tagged resources that Discern does not remove one by one."""

Failures = dict[tuple[str, str], str]
"""Sentence on each resource that could not be removed, by kind and address."""

_ORDER = {kind.name: number for number, kind in enumerate(KINDS)}
_GONE = ("NotFound", "NoSuch", "ResourceNotFound", "RepositoryNotFound", "StateMachineDoesNotExist")
_LOGS = {"function": "/aws/lambda/", "endpoint": "/aws/sagemaker/Endpoints/"}
_MOST_PASSES = 4


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """Resources that were found in an account.

    Attributes:
        resources: resources in the order in which they are removed.
        unlisted: sentence on each kind of resource that could not be listed, by the kind's name.
    """

    resources: tuple[Resource, ...]
    unlisted: Mapping[str, str]

    @property
    def created(self) -> tuple[Resource, ...]:
        """Return the resources that Discern created."""
        return tuple(each for each in self.resources if each.bundle is not None)

    @property
    def unchecked(self) -> tuple[str, ...]:
        """Return a sentence on each kind of resource that could not be listed."""
        return tuple(f"{name}: {sentence}" for name, sentence in self.unlisted.items())


def take_inventory(clients: AccountClients, *, bundle: str | None = None, former: Iterable[Resource] = ()) -> Inventory:
    """List what Discern created, and all endpoints and notebooks with machines that are running.

    Args:
        clients: clients of the account.
        bundle: value of the tag of the bundle whose resources are listed; None for all.
        former: resources that were removed; groups of logs that AWS made for them are listed as well.

    Raises:
        UsageError: AWS cannot be reached, or does not accept the credentials.
    """
    clients.check_credentials()
    unlisted: dict[str, str] = {}
    every: dict[tuple[str, str], Resource] = {}
    for kind in KINDS:
        with _left_out(unlisted, kind.name), plain_errors():
            every |= {each.key: each for each in kind.list(clients)}
    others: list[Resource] = []
    with _left_out(unlisted, "tagged resources of further services"), plain_errors():
        others = add_tagged(every, _tagged(clients), region=clients.region, unlisted=unlisted)
    _add_logs(every, [*every.values(), *former])
    found = sorted((*every.values(), *others), key=lambda each: _ORDER.get(each.kind, len(_ORDER)))
    wanted = tuple(each for each in found if _is_ours(each, bundle) or (bundle is None and _is_running(each)))
    return Inventory(resources=wanted, unlisted=unlisted)


def _is_ours(resource: Resource, bundle: str | None) -> bool:
    return resource.bundle is not None and bundle in (None, resource.bundle)


def _is_running(resource: Resource) -> bool:
    return bool(resource.machines) and resource.kind in (ENDPOINT.name, NOTEBOOK.name)


@contextmanager
def _left_out(unlisted: dict[str, str], name: str) -> Iterator[None]:
    """Context manager that notes an error that concerns one service alone: not permitted, or not there in a region."""
    try:
        yield
    except UsageError as error:
        if not error_code(error.__cause__) or concerns_credentials(error.__cause__):
            raise
        unlisted[name] = error.message


def _tagged(clients: AccountClients) -> list[Mapping[str, Any]]:
    call = ("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList")
    return list(pages(clients, *call, TagFilters=[{"Key": BUNDLE_TAG}]))


def add_tagged(
    every: dict[tuple[str, str], Resource],
    tagged: Iterable[Mapping[str, Any]],
    *,
    region: str,
    unlisted: Collection[str],
) -> list[Resource]:
    """Take over tags that only the tagging service tells, and return other tagged resources.

    That service still lists resources for a while after their removal: those that should be listed otherwise are then
    left out.

    Args:
        every: all resources by kind and address, which are changed.
        tagged: resources and tags as the service lists them.
        region: region that is looked at.
        unlisted: names of kinds that could not be listed.
    """
    others = []
    for each in tagged:
        arn, bundle = each["ResourceARN"], bundle_of(each["Tags"], region=region)
        if bundle is None:
            continue
        kind, name = _named(arn)
        if kind is None or kind in unlisted:
            others.append(Resource(kind=OTHER, name=arn, address=arn, bundle=bundle))
            continue
        for key, found in every.items():
            if found.kind == kind and found.bundle is None and name in (found.name, found.address):
                every[key] = replace(found, bundle=bundle)
    return others


def _named(arn: str) -> tuple[str | None, str]:
    """Return the kind of a resource, None if it is not known, and its name or address."""
    parts = arn.split(":", 5)
    text = f"{parts[2]}:{parts[5]}" if len(parts) == 6 else arn
    for kind in KINDS:
        if found := re.fullmatch(kind.arn, text):
            return kind.name, found[1]
    return None, ""


def _add_logs(every: dict[tuple[str, str], Resource], owners: Iterable[Resource]) -> None:
    """Take groups of logs that AWS itself makes for functions and endpoints, without tags, for theirs."""
    for each in owners:
        group = (LOG_GROUP.name, f"{_LOGS.get(each.kind, '')}{each.name}")
        if each.kind in _LOGS and each.bundle is not None and group in every and every[group].bundle is None:
            every[group] = replace(every[group], bundle=each.bundle)


def clear(clients: AccountClients, before: Inventory, *, bundle: str | None) -> tuple[Inventory, Failures]:
    """Remove what Discern created, look again, and return what is left with a sentence on each failure.

    What is there again after its removal, such as the log of a function that was still running, is removed once more.

    Args:
        clients: clients of the account.
        before: inventory of what is to be removed.
        bundle: bundle to which it was limited; None for all.

    Raises:
        UsageError: AWS cannot be reached, or does not accept the credentials.
    """
    failed = remove(clients, before.created)
    after = take_inventory(clients, bundle=bundle, former=before.created)
    if again := [each for each in after.created if each.key not in failed and each.kind != OTHER]:
        failed |= remove(clients, again)
        after = take_inventory(clients, bundle=bundle, former=before.created)
    return after, failed


def remove(clients: AccountClients, resources: Iterable[Resource]) -> Failures:
    """Remove resources in their order, and return a sentence on each that could not be removed.

    Those that others still use are tried again after these.

    Args:
        clients: clients of the account.
        resources: resources of an inventory.
    """
    by_name = {kind.name: kind for kind in KINDS}
    left = [each for each in resources if each.kind in by_name]
    failed: Failures = {}
    for _ in range(_MOST_PASSES):
        failed = dict(_attempt(clients, by_name, left))
        if len(failed) in (0, len(left)):
            break
        left = [each for each in left if each.key in failed]
    return failed


def _attempt(
    clients: AccountClients, by_name: Mapping[str, Kind], resources: Iterable[Resource]
) -> Iterator[tuple[tuple[str, str], str]]:
    for each in resources:
        try:
            with plain_errors():
                by_name[each.kind].remove(clients, each)
        except UsageError as error:
            if not error_code(error.__cause__).startswith(_GONE):  # gone with its stack
                yield each.key, f"{each.kind} {each.name}: {error}"


def stopped(resource: Resource) -> Resource:
    """Return a notebook as it is after it was stopped."""
    return replace(resource, state="Stopped", machines=())
