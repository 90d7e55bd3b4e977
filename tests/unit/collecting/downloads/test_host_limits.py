"""Requests to a host are limited in number, spaced, paused and given up."""

import asyncio
import time
from itertools import pairwise

import pytest

from discern.collecting.downloads.download_error import DownloadError
from discern.collecting.downloads.host_limits import MOST_FAILURES, HostLimits


async def use(limits: HostLimits, host: str, delay: float = 0) -> float:
    async with limits.slot(host, delay):
        return time.monotonic()


def test_each_host_has_its_own_slots_and_all_share_a_total() -> None:
    async def run() -> tuple[int, int]:
        limits, now, most, in_all = HostLimits(total=3, per_host=2), [], [], []

        async def job(host: str) -> None:
            async with limits.slot(host):
                now.append(host)
                most.append(now.count(host))
                in_all.append(len(now))
                await asyncio.sleep(0.01)
                now.remove(host)

        await asyncio.gather(*map(job, "aaaabbbbcccc"))
        return max(most), max(in_all)

    assert asyncio.run(run()) == (2, 3)


def test_requests_keep_the_delay_and_pauses() -> None:
    async def run() -> list[float]:
        limits = HostLimits(total=8)
        starts = await asyncio.gather(*(use(limits, "a", 0.05) for _ in range(4)))
        limits.pause("a", 0.2)
        return [*starts, await use(limits, "a")]

    starts = sorted(asyncio.run(run()))
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert min(gaps[:3]) >= 0.049
    assert gaps[3] >= 0.19


def test_a_host_that_cannot_be_reached_is_given_up_and_others_are_not() -> None:
    async def run() -> None:
        limits = HostLimits(total=8)
        for _ in range(MOST_FAILURES - 1):
            limits.note_outcome("a", reached=False)
        await use(limits, "a")
        limits.note_outcome("a", reached=True)
        for _ in range(MOST_FAILURES):
            limits.note_outcome("a", reached=False)
        await use(limits, "b")
        with pytest.raises(DownloadError, match="6 times in a row"):
            await use(limits, "a")

    asyncio.run(run())
