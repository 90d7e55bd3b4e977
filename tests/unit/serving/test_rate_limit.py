"""Rate limits as text: one limit, read in full."""

import pytest

from discern.errors import UsageError
from discern.serving.config import ServeConfig
from discern.serving.rate_limit import parse_rate_limit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("60/minute", (60, 60)),
        (" 60 / Minutes ", (60, 60)),
        ("5 per 2 hours", (5, 7200)),
        ("1/10second", (1, 10)),
        ("7/day", (7, 86_400)),
        ("1000/month", (1000, 2_592_000)),
    ],
)
def test_limits_are_read(text: str, expected: tuple[int, int]) -> None:
    limit = parse_rate_limit(text)
    assert (limit.pictures, limit.seconds) == expected


@pytest.mark.parametrize(
    "text",
    [
        "60/minute;5/second", "60 per minute, 5 per second", "60/minute|5/second", "60/minute:;5/second", "60/minute x",
        "0/minute", "-5/minute", "5/0 minute", "5/0minutes", "5/2 years", "5/999999999 seconds", "9999999999/minute",
        "60/minute/user", "60", "", "minute", "often", "1.5/minute", "1e3/minute", "٣/minute", "60/fortnight",
    ],
)  # fmt: skip
def test_whatever_would_be_ignored_is_rejected(text: str) -> None:
    with pytest.raises(UsageError, match="--rate-limit") as rejected:
        ServeConfig(bundles=("a",), rate_limit=text)
    assert "60/minute" in rejected.value.hint


def test_a_store_needs_a_limit_and_must_be_shared_by_workers() -> None:
    with pytest.raises(UsageError, match="without --rate-limit"):
        ServeConfig(bundles=("a",), rate_store="redis://localhost")
    for store in (None, "memory://", "Memory://x"):
        with pytest.raises(UsageError, match="shared store"):
            ServeConfig(bundles=("a",), rate_limit="5/minute", rate_store=store, workers=2)
    ServeConfig(bundles=("a",), rate_limit="5/minute", rate_store="memory://")
