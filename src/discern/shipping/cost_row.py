"""Row of a cost estimate, and the workload that it is made for."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from discern.shipping.price_table import CostUnknown, PriceTable

DAYS = 30
"""Days with answers in a month, so that 5,000 a day are 150,000 a month."""
HOURS = 730
"""Hours for which a machine that is always on is billed in a month, a twelfth of a year."""
CORE_MEGABYTES = 1769
"""Memory in MB with which a Lambda function has one core to itself."""
CORE_GB = CORE_MEGABYTES / 1024


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Number of answers, and the resources that each of them takes.

    Attributes:
        per_day: answers a day.
        milliseconds: time of one answer on one core of the target; a function with less than a core takes longer.
        memory_gb: memory of a function in GB.
        resident_gb: memory in GB that a process needs for the model.
        server_gb: memory in GB that a web server with the model needs; None for as much as a process.
        cold_start: seconds from the start of a process to its readiness, on one core; None if that is not known.
        package_gb: size of the deployed package in GB.
        picture_gb: mean size of a picture in GB.
        peak: requests in the busiest minute, as a multiple of the mean.
        idle_minutes: idle minutes after which a function's environment is assumed to be removed.
        free_tier: whether the permanent allowance of a Lambda account is subtracted.
    """

    per_day: float
    milliseconds: float
    memory_gb: float = CORE_GB
    resident_gb: float = 0.15
    server_gb: float | None = None
    cold_start: float | None = None
    package_gb: float = 0.05
    picture_gb: float = 0.0003
    peak: float = 5
    idle_minutes: float = 10
    free_tier: bool = False

    @property
    def per_month(self) -> float:
        """Return the answers in a month."""
        return self.per_day * DAYS

    @property
    def seconds(self) -> float:
        """Return the seconds of one answer on one core."""
        return self.milliseconds / 1000

    @property
    def slowdown(self) -> float:
        """Return the time of a function with this memory as a multiple of that on one core."""
        return max(1.0, CORE_GB / self.memory_gb)

    @property
    def function_seconds(self) -> float:
        """Return the seconds of one answer by a function with this memory."""
        return self.seconds * self.slowdown

    @property
    def billed_seconds(self) -> float:
        """Return the seconds that a function is billed for one answer: whole milliseconds."""
        return math.ceil(round(self.function_seconds * 1000, 6)) / 1000


@dataclass(frozen=True, kw_only=True)
class CostRow:
    """Cost of one way to deploy a model.

    Attributes:
        target: name of the way.
        parts: US dollars a month by what they are paid for; None if a price is not known.
        answers: answers in a month.
        one_off: US dollars that are paid once; None if a price is not known.
        assumptions: sentences on what the estimate assumes and leaves out.
        caveat: phrase on how the way differs from the others; "" if it does not.
    """

    target: str
    parts: Mapping[str, float] | None
    answers: float
    one_off: float | None = 0.0
    assumptions: tuple[str, ...] = field(default=())
    caveat: str = ""

    @property
    def per_month(self) -> float | None:
        """Return the US dollars a month, or None if a price is not known."""
        return None if self.parts is None else sum(self.parts.values())

    @property
    def per_1000(self) -> float | None:
        """Return the US dollars for 1,000 answers, or None if a price is not known or nothing is answered."""
        return None if self.per_month is None or not self.answers else self.per_month / self.answers * 1000

    def to_json(self) -> dict[str, Any]:
        """Return the row as a JSON-serialisable dictionary.

        Keys:
            target: name of the way to deploy.
            per_month: US dollars a month; null if a price is not known.
            per_1000: US dollars for 1,000 answers; null if a price is not known.
            one_off: US dollars that are paid once; null if a price is not known.
            assumptions: sentences on what the estimate assumes and leaves out.
            parts: US dollars a month by what they are paid for.
        """
        return {
            "target": self.target,
            "per_month": _rounded(self.per_month),
            "per_1000": _rounded(self.per_1000),
            "one_off": _rounded(self.one_off),
            "assumptions": list(self.assumptions),
            "parts": {name: round(amount, 6) for name, amount in (self.parts or {}).items()},
        }


def _rounded(amount: float | None) -> float | None:
    return None if amount is None else round(amount, 6)


def priced(
    target: str, work: Workload, estimate: Callable[[PriceTable, Workload], CostRow], prices: PriceTable
) -> CostRow:
    """Return the row of an estimate, or one without figures that says why the cost is not known."""
    try:
        return estimate(prices, work)
    except CostUnknown as unknown:
        return CostRow(target=target, parts=None, answers=work.per_month, one_off=None, assumptions=(str(unknown),))
