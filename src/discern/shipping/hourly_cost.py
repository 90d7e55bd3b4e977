"""Hourly cost of machines that run."""

from collections.abc import Iterable

from discern.shipping.price_table import PriceTable


def hourly_cost(prices: PriceTable, machines: Iterable[tuple[str, int]]) -> float | None:
    """Return the US dollars an hour of machines of SageMaker, or None if a price is not known.

    Args:
        prices: the price table.
        machines: type and number of the machines.
    """
    total = 0.0
    for machine, number in machines:
        services = [service for service in ("sagemaker", "sagemaker-notebook") if prices.has(service, machine)]
        if not services:
            return None
        total += number * prices.amount(services[0], machine, "hour")
    return total
