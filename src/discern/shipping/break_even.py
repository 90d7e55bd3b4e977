"""Number of answers a day at which a function costs as much as a machine that is always on."""

from dataclasses import dataclass
from typing import Any

from discern.shipping.cost_row import DAYS, Workload
from discern.shipping.function_costs import FREE_GB_SECONDS, FREE_REQUESTS, price_per_answer
from discern.shipping.machine_costs import answers_per_day, fixed_per_month
from discern.shipping.price_table import Price, PriceTable


@dataclass(frozen=True, kw_only=True)
class BreakEven:
    """Answers a day at which a function costs as much as one machine.

    Attributes:
        target: name of the function's row.
        against: name of the machine's row.
        answers_per_day: the number; None if the function never costs as much.
        machine_answers_per_day: answers a day up to which one machine keeps up with the busiest minute.
        fixed: US dollars that the machine takes in a month.
    """

    target: str
    against: str
    answers_per_day: float | None
    machine_answers_per_day: float
    fixed: float

    @property
    def reached(self) -> bool:
        """Return True if one machine can give that many answers, so that beyond it the machine is cheaper."""
        return self.answers_per_day is not None and self.answers_per_day <= self.machine_answers_per_day

    def to_json(self) -> dict[str, Any]:
        """Return the number as a JSON-serialisable dictionary.

        Keys:
            target: name of the function's row.
            against: name of the machine's row.
            answers_per_day: answers a day at which both cost the same; null if the function never costs as much.
            machine_answers_per_day: answers a day up to which one machine keeps up with the busiest minute.
            reached: whether one machine can give that many answers; if not, the function is cheaper at every number.
        """
        answers = self.answers_per_day
        return {
            "target": self.target,
            "against": self.against,
            "answers_per_day": None if answers is None else round(answers, 1),
            "machine_answers_per_day": round(self.machine_answers_per_day, 1),
            "reached": self.reached,
        }


def break_even(prices: PriceTable, work: Workload, machine: Price, against: str, processor: str = "x86") -> BreakEven:
    """Return the number of answers a day at which a function costs as much as one machine.

    Cold starts are left out: at the number in question they are few.

    Args:
        prices: the price table.
        work: workload, of which the number of answers does not matter.
        machine: row of the machine in the price table.
        against: name of the machine's row in the estimate.
        processor: processor of the function, "x86" or "arm".
    """
    computing, request = price_per_answer(prices, work, processor)
    fixed = fixed_per_month(machine)
    month = _answers(fixed, computing, request, _allowances(work) if work.free_tier else (0.0, 0.0))
    return BreakEven(
        target=f"lambda-{processor}",
        against=against,
        answers_per_day=None if month is None else month / DAYS,
        machine_answers_per_day=answers_per_day(machine, work),
        fixed=fixed,
    )


def _allowances(work: Workload) -> tuple[float, float]:
    """Return the free answers a month by computation and by requests."""
    return FREE_GB_SECONDS / (work.billed_seconds * work.memory_gb), FREE_REQUESTS


def _answers(fixed: float, computing: float, request: float, free: tuple[float, float]) -> float | None:
    """Solve `computing * max(0, n - free[0]) + request * max(0, n - free[1]) = fixed` for n."""
    slopes = sorted([(free[0], computing), (free[1], request)])
    (first, slope), (second, more) = slopes
    if slope > 0 and first + fixed / slope <= second:
        return first + fixed / slope
    if slope + more == 0:
        return None
    return (fixed + slope * first + more * second) / (slope + more)
