"""Resources of an AWS account, and the kinds of them that Discern can create."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from discern.buckets.account_clients import AccountClients

BUNDLE_TAG = "discern:bundle"
"""Tag of everything that Discern creates; its value is the bundle's name."""

_STACK_TAG, _REGION_PART = "aws:cloudformation:stack-id", 3


@dataclass(frozen=True, kw_only=True)
class Resource:
    """Resource of an AWS account.

    Attributes:
        kind: kind of the resource, such as "function".
        name: name of the resource.
        address: identifier by which its service finds it: a name, an id or an ARN.
        bundle: name of the bundle that it was created for; None if Discern did not create it.
        state: state as the service names it; "" if the kind has none.
        machines: type and number of its machines that are running.
    """

    kind: str
    name: str
    address: str
    bundle: str | None
    state: str = ""
    machines: tuple[tuple[str, int], ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Return kind and address, which stay while the state changes."""
        return self.kind, self.address


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Kind of resource, with the calls that list and remove it.

    Attributes:
        name: the name, such as "function".
        list: function that yields all such resources, tagged or not.
        remove: function that removes one of them, and waits until it is removed.
        arn: pattern of the service and the resource in its ARN, whose group is the name or the address.
    """

    name: str
    list: Callable[[AccountClients], Iterator[Resource]]
    remove: Callable[[AccountClients, Resource], None]
    arn: str


def bundle_of(tags: Mapping[str, str] | Iterable[Mapping[str, str]] | None, *, region: str | None = None) -> str | None:
    """Return the bundle's name from the tags of a resource, in whichever form the service gives them.

    Args:
        tags: the tags.
        region: for kinds that belong to no region, the one to which a resource's stack has to belong.

    >>> bundle_of([{"Key": "discern:bundle", "Value": "scones"}]), bundle_of({"a": "b"}), bundle_of(None)
    ('scones', None, None)
    """
    named = _by_name(tags or {})
    stack = named.get(_STACK_TAG, "").split(":")
    if region is not None and len(stack) > _REGION_PART and stack[_REGION_PART] != region:
        return None
    return named.get(BUNDLE_TAG)


def _by_name(tags: Mapping[str, str] | Iterable[Mapping[str, str]]) -> Mapping[str, str]:
    if isinstance(tags, Mapping):
        return tags
    return {
        tag["key"]: tag["value"] for tag in ({name.lower(): value for name, value in each.items()} for each in tags)
    }


def pages(clients: AccountClients, service: str, call: str, key: str, **arguments: Any) -> Iterator[Any]:
    """Yield the items of all pages of a listing.

    Args:
        clients: clients of the account.
        service: service of the call.
        call: name of the call.
        key: key of the items in a page.
        arguments: arguments of the call.
    """
    for page in clients[service].get_paginator(call).paginate(**arguments):
        yield from page.get(key, ())
