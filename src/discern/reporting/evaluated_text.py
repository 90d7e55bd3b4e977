"""Functions that state in a sentence how many pictures a measurement rests on, and how they are counted."""

from collections.abc import Mapping
from typing import Any

from discern.reporting.formatting import count, plural


def describe_evaluated(basis: Mapping[str, Any], *, used: int | None = None) -> str:
    """Describe the pictures of a measurement.

    Args:
        basis: `pictures`, `weight` (copies count as one) and `groups`.
        used: number of pictures of the data set that have a label; None if it does not matter.

    >>> describe_evaluated({"pictures": 231, "weight": 230.0, "groups": 197}, used=233)
    '231 of 233 pictures in 197 independent groups; copies count as one, which makes 230 pictures in the tables'
    """
    pictures, weight = basis["pictures"], basis["weight"]
    of = f"{count(pictures)} of {plural(used, 'picture')}" if used and used != pictures else plural(pictures, "picture")
    copies = ""
    if count(weight) != count(pictures):
        copies = f"; copies count as one, which makes {plural(weight, 'picture')} in the tables"
    return f"{of} in {plural(basis['groups'], 'independent group')}{copies}"
