"""Times are parsed as dates, or as lengths before now."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from discern.errors import UsageError
from discern.flow.watch.since_time import parse_since

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-30", datetime(2026, 11, 30, tzinfo=UTC)),
        (" 2026-11-30T08:30 ", datetime(2026, 11, 30, 8, 30, tzinfo=UTC)),
        ("2026-11-30T08:30:00+02:00", datetime(2026, 11, 30, 6, 30, tzinfo=UTC)),
        ("2026-11-30T08:30:00Z", datetime(2026, 11, 30, 8, 30, tzinfo=UTC)),
        ("90m", datetime(2026, 11, 30, 10, 30, tzinfo=UTC)),
        ("24H", datetime(2026, 11, 29, 12, tzinfo=UTC)),
        ("1.5d", datetime(2026, 11, 29, tzinfo=UTC)),
        ("2 w", datetime(2026, 11, 16, 12, tzinfo=UTC)),
        (datetime(2026, 11, 30), datetime(2026, 11, 30, tzinfo=UTC)),
        (datetime(2026, 11, 30, tzinfo=timezone(timedelta(hours=1))), datetime(2026, 11, 29, 23, tzinfo=UTC)),
        (NOW, datetime(2026, 11, 30, 12, tzinfo=UTC)),
    ],
)
def test_a_time_is_parsed(text: str | datetime | float, expected: datetime) -> None:
    assert parse_since(text, now=NOW) == expected.timestamp()


@pytest.mark.parametrize("text", ["", "yesterday", "7", "d", "-1d", "2026-13-01"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="Invalid time"):
        parse_since(text, now=NOW)
