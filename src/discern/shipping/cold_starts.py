"""Model of the arrivals of requests, which says how often a function starts cold."""

import math

_SECONDS_A_DAY = 86400
_NEGLIGIBLE = 1e-6  # cold starts a day; not tuned


def cold_starts_per_day(per_day: float, *, seconds: float, idle_minutes: float) -> float:
    """Return the expected number of cold starts a day.

    Requests are assumed to arrive independently and evenly over the day (a Poisson process). A request goes to the
    first idle environment, so that the k-th one receives those that find the first k - 1 busy (Erlang's formula). It
    starts cold if its previous request is longer ago than an idle environment is kept.

    >>> round(cold_starts_per_day(24, seconds=.06, idle_minutes=10), 1)  # one an hour: most are cold
    20.3

    Args:
        per_day: requests a day.
        seconds: seconds that one request takes.
        idle_minutes: minutes for which an idle environment is kept.
    """
    rate = per_day / _SECONDS_A_DAY
    load, overflow, total, environments = rate * seconds, 1.0, 0.0, 0
    while per_day * overflow > _NEGLIGIBLE:
        environments += 1
        beyond = load * overflow / (environments + load * overflow)
        total += per_day * (overflow - beyond) * math.exp(-rate * overflow * idle_minutes * 60)
        overflow = beyond
    return total
