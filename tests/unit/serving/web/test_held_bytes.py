"""Limits on held bytes: each network has a share, and the oldest body that stalls makes room."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from discern.errors import Overloaded
from discern.serving.web import held_bytes
from discern.serving.web.held_bytes import HeldBody, HeldBytes


def test_one_network_holds_half_of_the_bytes() -> None:
    held = HeldBytes(100)
    first, second = HeldBody(network="a"), HeldBody(network="a")
    held.hold(first, 50)
    with pytest.raises(Overloaded):
        held.hold(second, 1)
    held.release(second)
    held.hold(HeldBody(network="b"), 50)
    with pytest.raises(Overloaded):
        held.hold(HeldBody(network="c"), 1)


def test_released_bytes_make_room() -> None:
    held = HeldBytes(100)
    for _ in range(3):
        body = HeldBody(network="a")
        held.hold(body, 50)
        held.release(body)
        held.release(body)
    assert held.total == 0


async def wait_for_body(body: HeldBody) -> str:
    """Wait for a body that never comes."""
    try:
        async with asyncio.timeout(20) as body.deadline:
            await asyncio.Event().wait()
    except TimeoutError:
        return "evicted" if body.is_evicted else "late"
    return "complete"


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 20))


def test_the_oldest_stalled_body_of_the_largest_network_makes_room() -> None:
    async def test() -> None:
        held = HeldBytes(100)
        small, oldest, newer = HeldBody(network="a"), HeldBody(network="b"), HeldBody(network="b")
        for body, size in ((small, 20), (oldest, 30), (newer, 20)):
            held.hold(body, size)
        waits = [asyncio.ensure_future(wait_for_body(each)) for each in (small, oldest, newer)]
        await asyncio.sleep(held_bytes._STALLED_SECONDS + 0.05)
        held.hold(HeldBody(network="c"), 50)
        assert await waits[1] == "evicted"
        assert held.total == 90
        assert [small.is_evicted, newer.is_evicted] == [False, False]
        for wait in waits:
            wait.cancel()

    run(test)


def test_a_body_that_trickles_has_stalled_and_one_that_flows_has_not() -> None:
    async def test() -> None:
        held = HeldBytes(100_000)
        trickles, flows = HeldBody(network="a"), HeldBody(network="b")
        held.hold(trickles, 40_000)
        held.hold(flows, 40_000)
        waits = [asyncio.ensure_future(wait_for_body(each)) for each in (trickles, flows)]
        await asyncio.sleep(held_bytes._STALLED_SECONDS + 0.05)
        held.hold(trickles, 1)
        held.hold(flows, 5_000)
        held.hold(HeldBody(network="c"), 30_000)
        assert await waits[0] == "evicted"
        assert not flows.is_evicted
        waits[1].cancel()

    run(test)
