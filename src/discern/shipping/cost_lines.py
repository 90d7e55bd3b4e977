"""Costs of several ways to deploy a model by the number of answers."""

import math
from dataclasses import replace

from discern.shipping.cost_row import Workload
from discern.shipping.function_costs import lambda_estimate
from discern.shipping.machine_costs import machine_estimate
from discern.shipping.price_table import CostUnknown, Price, PriceTable

_LEAST, _MOST, _IN_TEN = 1, 7, 20  # powers of ten of answers a day at least, and points in each; not tuned


def cost_lines(prices: PriceTable, work: Workload, machines: dict[str, Price]) -> dict[str, list[tuple[float, float]]]:
    """Return answers a day and US dollars a month of a function and of each machine that is always on.

    Args:
        prices: the price table.
        work: workload, whose number of answers is within the lines.
        machines: row of the price table by the name of each machine.
    """
    estimates = {"lambda-x86": lambda_estimate("x86")}
    estimates |= {target: machine_estimate(machine, target) for target, machine in machines.items()}
    power = math.log10(work.per_day)
    least, most = min(_LEAST, math.floor(power)), max(_MOST, math.ceil(power))
    answers = [10 ** (least + step / _IN_TEN) for step in range((most - least) * _IN_TEN + 1)]
    workloads = [replace(work, per_day=each) for each in answers]
    try:
        return {
            name: [(each.per_day, estimate(prices, each).per_month or 0.0) for each in workloads]
            for name, estimate in estimates.items()
        }
    except CostUnknown:
        return {}
