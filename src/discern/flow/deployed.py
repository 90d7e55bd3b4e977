"""Functions that list and remove what was deployed to AWS, and stop notebooks."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from discern.buckets.account_clients import AccountClients, plain_errors
from discern.bundle import load
from discern.display.displayed import Displayed
from discern.errors import UsageError
from discern.flow.paths import resolve_path
from discern.shipping.aws.inventory import OTHER, clear, stopped, take_inventory
from discern.shipping.aws.resource_kind import Resource
from discern.shipping.aws.sagemaker_kinds import list_notebooks, stop_notebook
from discern.shipping.hourly_cost import hourly_cost
from discern.shipping.price_table import PriceTable, load_prices
from discern.shipping.ship_target import tag_value


@dataclass(frozen=True, kw_only=True, repr=False)
class DeployedResult(Displayed):
    """Result of a look at an AWS account, or of a removal.

    Attributes:
        resources: resources that were found; after a removal, those that are left.
        region: region of the account that was looked at.
        done: names of the resources that were removed or stopped.
        planned: whether nothing was changed, as the change was not confirmed.
        removing: whether all resources were to be removed, so that none may be left.
        failed: sentence on each resource that could not be removed or stopped.
        unchecked: sentence on each kind of resource that could not be listed.
        costs: US dollars an hour of each resource, in the same order; None if a price is not known.
        notes: sentences on the age of the prices.
    """

    resources: tuple[Resource, ...]
    region: str
    done: tuple[str, ...] = ()
    planned: bool = False
    removing: bool = False
    failed: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    costs: tuple[float | None, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Return True if everything was done, and what is left is known."""
        return not self.failed and not (self.removing and (self.resources or self.unchecked))

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary.

        Keys:
            resources: resources that were found, with `kind`, `name`, `per_hour` in US dollars (null if the price is
                not known), `bundle` (null if Discern did not create it) and `state`; after a removal, those that are
                left.
            region: region of the account that was looked at.
            done: names of the resources that were removed or stopped.
            planned: whether nothing was changed, as the change was not confirmed.
            failed: sentence on each resource that could not be removed or stopped.
            unchecked: sentence on each kind of resource that could not be listed.
            notes: sentences on the age of the prices.
        """
        return {
            "resources": [
                {
                    "kind": each.kind,
                    "name": each.name,
                    "per_hour": None if rate is None else round(rate, 6),
                    "bundle": each.bundle,
                    "state": each.state,
                }
                for each, rate in zip(self.resources, self.costs, strict=True)
            ],
            "region": self.region,
            "done": list(self.done),
            "planned": self.planned,
            "failed": list(self.failed),
            "unchecked": list(self.unchecked),
            "notes": list(self.notes),
        }


def ship_status(
    *,
    region: str | None = None,
    bundle: str | None = None,
    prices: str | Path | None = None,
    today: date | None = None,
) -> DeployedResult:
    """List what Discern created in an AWS account, and all running endpoints and notebooks, with their hourly cost.

    Args:
        region: region; None for that of the environment.
        bundle: name or path of the bundle whose resources are listed; None for all.
        prices: CSV file of prices that replace those of the package or are added to them.
        today: the current day; None for that of the clock.

    Raises:
        UsageError: boto3 or credentials are missing, or AWS cannot be reached.
    """
    rates, clients = _open(region, prices, today)
    found = take_inventory(clients, bundle=_tag(bundle))
    return _result(clients, rates, found.resources, unchecked=found.unchecked)


def ship_down(
    *,
    yes: bool = False,
    region: str | None = None,
    bundle: str | None = None,
    prices: str | Path | None = None,
    today: date | None = None,
) -> DeployedResult:
    """Remove what Discern created in an AWS account, and look again to prove that nothing is left.

    Args:
        yes: whether to remove it; if not, it is only listed.
        region: region; None for that of the environment.
        bundle: name or path of the bundle whose resources are removed; None for all.
        prices: CSV file of prices that replace those of the package or are added to them.
        today: the current day; None for that of the clock.

    Raises:
        UsageError: boto3 or credentials are missing, or AWS cannot be reached.
    """
    rates, clients = _open(region, prices, today)
    name = _tag(bundle)
    before = take_inventory(clients, bundle=name)
    if not yes:
        return _result(clients, rates, before.created, unchecked=before.unchecked, planned=True)
    after, errors = clear(clients, before, bundle=name)
    left = {each.key for each in after.created}
    # Of kinds that can no longer be listed, only those are known to be left that could not be removed.
    unknown = {key: text for key, text in errors.items() if key[0] in after.unlisted and key not in left}
    failed = (*(errors.get(each.key) or _left(each) for each in after.created), *unknown.values())
    done = tuple(f"{each.kind} {each.name}" for each in before.created if each.key not in {*left, *unknown})
    return _result(clients, rates, after.created, unchecked=after.unchecked, done=done, failed=failed, removing=True)


def _left(resource: Resource) -> str:
    if resource.kind == OTHER:
        return f"{resource.name} is left: Discern cannot remove it."
    return f"{resource.kind} {resource.name} is left, or was created again. Run the command again."


def stop_notebooks(
    *,
    yes: bool = False,
    region: str | None = None,
    prices: str | Path | None = None,
    today: date | None = None,
) -> DeployedResult:
    """Stop all notebook instances that run in an AWS account, whoever created them.

    Args:
        yes: whether to stop them; if not, they are only listed.
        region: region; None for that of the environment.
        prices: CSV file of prices that replace those of the package or are added to them.
        today: the current day; None for that of the clock.

    Raises:
        UsageError: boto3 or credentials are missing, or AWS cannot be reached.
    """
    rates, clients = _open(region, prices, today)
    clients.check_credentials()
    with plain_errors():
        running = tuple(each for each in list_notebooks(clients) if each.machines)
    if not yes:
        return _result(clients, rates, running, planned=True)
    failed, done = _each(running, lambda each: stop_notebook(clients, each))
    after = tuple(stopped(each) if each.name in done else each for each in running)
    return _result(clients, rates, after, done=tuple(f"notebook {name}" for name in done), failed=failed)


def _tag(bundle: str | None) -> str | None:
    """Return the value of the tag of a bundle that is given by its path or by its name."""
    if bundle is None:
        return None
    return tag_value(load(resolve_path(bundle)).manifest.name if bundle.endswith(".discern") else bundle)


def _each(resources: Iterable[Resource], action: Callable[[Resource], None]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Do something with each resource, and return a sentence on each failure and the names of the others."""
    failed, done = [], []
    for each in resources:
        try:
            with plain_errors():
                action(each)
            done.append(each.name)
        except UsageError as error:
            failed.append(f"{each.kind} {each.name}: {error}")
    return tuple(failed), tuple(done)


def _open(
    region: str | None, prices: str | Path | None, today: date | None
) -> tuple[tuple[PriceTable, date], AccountClients]:
    day = today or datetime.now(UTC).date()
    return (load_prices(prices, today=day), day), AccountClients(region)


def _result(
    clients: AccountClients, rates: tuple[PriceTable, date], resources: tuple[Resource, ...], **fields: Any
) -> DeployedResult:
    table, day = rates
    costs = tuple(hourly_cost(table, each.machines) for each in resources)
    notes = tuple(table.warnings(day))
    return DeployedResult(resources=resources, region=clients.region, costs=costs, notes=notes, **fields)
