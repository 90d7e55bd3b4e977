"""Memory to give to a function on AWS Lambda."""

import math

from discern.errors import BundleError, UsageError
from discern.shipping.cost_row import CORE_MEGABYTES

MOST_MEGABYTES = 10_240
"""Most memory that a function on AWS Lambda can have."""

_MB_IN_GB = 1e9 / (1 << 20)
_STEP = 64
_SPARE = 1.5  # not tuned: pictures of the largest accepted size, and an allocator that keeps what it has freed


def function_megabytes(needed: float | None, given: int | None = None) -> int:
    """Return the memory in MB to give to a function: half as much again as it needs, and one whole core at least.

    >>> function_megabytes(0.12), function_megabytes(2.0), function_megabytes(0.12, given=512)
    (1769, 2880, 512)

    Args:
        needed: memory in GB that the model was measured to need; None if it was not measured.
        given: memory in MB that the user wants; None for the measured need.

    Raises:
        BundleError: the memory is neither measured nor given, or no function has so much.
        UsageError: the given memory does not suffice.
    """
    if needed is None:
        if given is None:
            hint = "Pass --memory with the memory of the function in MB."
            raise BundleError("The memory of a model cannot be measured on this system.", hint=hint)
        return given
    least, recommended = needed * _MB_IN_GB, recommended_megabytes(needed)
    if least > MOST_MEGABYTES:
        message = f"The model needs {least:,.0f} MB of memory, and a function has {MOST_MEGABYTES:,} MB at most."
        raise BundleError(message, hint="Deploy it as a container, or train a smaller model.")
    if given is not None and given < least:
        raise UsageError(
            f"{given:,} MB do not hold the model, which was measured to need {least:,.0f} MB.",
            hint=f"Pass --memory {recommended}, or omit it.",
        )
    return given or recommended


def recommended_megabytes(needed: float) -> int:
    """Return the memory in MB to give to a function, or what the model needs if no function has so much.

    Args:
        needed: memory in GB that the model needs.
    """
    least = needed * _MB_IN_GB
    with_spare = -int(-least * _SPARE // _STEP) * _STEP
    return max(CORE_MEGABYTES, min(with_spare, MOST_MEGABYTES), math.ceil(least))
