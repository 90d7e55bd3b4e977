"""Backoff: waits double with jitter, respect the server and the deadline."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discern.client.backoff import FIRST_SECONDS, MOST_SECONDS, Backoff, read_retry_after

YEAR = 365 * 24 * 3600


def waits(count: int, seconds: float = 1e6, seed: int = 0, **options: float) -> list[float | None]:
    backoff = Backoff(seconds=seconds, rng=random.Random(seed))
    return [backoff.pause(**options) for _ in range(count)]


def test_waits_double_up_to_the_longest() -> None:
    longest = [min(MOST_SECONDS, FIRST_SECONDS * 2**attempt) for attempt in range(12)]
    for wait, most in zip(waits(12), longest, strict=True):
        assert wait is not None
        assert most / 2 <= wait <= most


def test_many_clients_do_not_retry_together() -> None:
    assert len({waits(1, seed=seed)[0] for seed in range(50)}) == 50
    assert len({waits(1, seed=seed, retry_after=5.0)[0] for seed in range(50)}) == 50


@given(st.floats(0, 1000))
def test_never_before_the_server_allows(seconds: float) -> None:
    (wait,) = waits(1, retry_after=seconds)
    assert wait is not None
    assert seconds <= wait <= seconds + FIRST_SECONDS


def test_no_wait_outlasts_the_deadline() -> None:
    assert waits(1, seconds=0.1) == [None]
    assert waits(1, seconds=60, retry_after=61) == [None]
    assert waits(1, within=0.1) == [None]


def test_there_is_always_time_for_one_attempt() -> None:
    assert Backoff(seconds=0).left > 0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *(("0", 0), (" 120 ", 120), ("9" * 400, YEAR)),
        *((header, None) for header in ("-1", "", "nan", "inf", "1e3", "Fri, 99")),
        *((f"Wed, 21 Oct 2030 07:28:00 {zone}", None) for zone in ("+99999999999999999999", "+9999")),
        ("Fri, 31 Dec 9999 23:59:59 GMT", YEAR),
        ("Mon, 01 Jan 0001 00:00:00 +2300", 0),
    ],
)
def test_a_header_is_parsed(header: str, seconds: float | None) -> None:
    assert read_retry_after(header) == seconds


def test_a_date_is_parsed() -> None:
    later = datetime.now(UTC) + timedelta(seconds=100)
    seconds = read_retry_after(format_datetime(later, usegmt=True))
    assert seconds is not None
    assert 90 < seconds <= 100
    assert read_retry_after(format_datetime(later - timedelta(days=1), usegmt=True)) == 0


@given(st.text() | st.from_regex(r"\w{3}, \d{1,30} \w{3} \d{1,30} \d\d:\d\d:\d\d [+-]?\w{1,30}", fullmatch=True))
def test_any_text_is_a_wait_or_none(header: str) -> None:
    seconds = read_retry_after(header)
    assert seconds is None or 0 <= seconds <= YEAR
