"""Sampling: the stated probability is the one that is drawn with, and each identifier keeps its fate."""

import hashlib

import pytest

from discern.watching.captures.sampling_rate import sampling_rate

IDS = [hashlib.md5(str(number).encode()).hexdigest() for number in range(4000)]


@pytest.mark.parametrize(("sample", "decision", "expected"), [(0.3, "accept", 0.3), ("doubtful", "accept", 0.05)])
def test_the_drawn_share_is_the_stated_probability(sample: float | str, decision: str, expected: float) -> None:
    rates = [sampling_rate(sample, each, decision) for each in IDS]
    assert set(rates) == {0.0, expected}
    share = sum(rate > 0 for rate in rates) / len(rates)
    assert abs(share - expected) < 4 * (expected * (1 - expected) / len(rates)) ** 0.5


@pytest.mark.parametrize(
    ("sample", "decision"), [(1.0, "accept"), (1, "unknown"), ("doubtful", "review"), ("doubtful", "unknown")]
)
def test_what_is_certain_is_always_kept(sample: float | str, decision: str) -> None:
    assert {sampling_rate(sample, each, decision) for each in IDS[:100]} == {1.0}


def test_an_identifier_is_drawn_alike_each_time_and_kept_by_each_higher_rate() -> None:
    low = [sampling_rate(0.2, each, "accept") > 0 for each in IDS]
    assert low == [sampling_rate(0.2, each, "review") > 0 for each in IDS]
    high = [sampling_rate(0.6, each, "accept") > 0 for each in IDS]
    assert all(later for earlier, later in zip(low, high, strict=True) if earlier)


def test_the_first_digits_of_an_identifier_do_not_decide() -> None:
    kept = [each for each in IDS if sampling_rate(0.5, each, "accept")]
    assert 0.4 < sum(each < "8" for each in kept) / len(kept) < 0.6
