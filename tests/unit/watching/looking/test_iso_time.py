"""Times are formatted in UTC, and those that no calendar has are clipped."""

from discern.watching.looking.iso_time import iso_time


def test_a_time_is_formatted_to_the_second() -> None:
    assert iso_time(1_796_000_000.9) == "2026-11-30T00:53:20+00:00"


def test_a_time_without_a_year_is_clipped() -> None:
    assert iso_time(1e30).startswith("9999-12-31")
    assert iso_time(-1e30).startswith("0001-01-01")
