"""Slots: a total, and a share of it for each client."""

import asyncio

import pytest

from discern.errors import Overloaded
from discern.serving.web.client_slots import ClientSlots


def test_a_client_gets_its_share_and_the_others_the_rest() -> None:
    async def run() -> None:
        slots = ClientSlots(3, per_client=2, timeout=20)
        running: list[str] = []

        async def work(client: str, end: asyncio.Event) -> None:
            async with slots.take(client):
                running.append(client)
                await end.wait()
                running.remove(client)

        async def settle() -> list[str]:
            for _ in range(20):
                await asyncio.sleep(0)
            return sorted(running)

        end_a, end_b = asyncio.Event(), asyncio.Event()
        tasks = [asyncio.create_task(work("a", end_a)) for _ in range(5)]
        assert await settle() == ["a", "a"]
        tasks += [asyncio.create_task(work("b", end_b)) for _ in range(2)]
        assert await settle() == ["a", "a", "b"]
        end_a.set()
        assert await settle() == ["b", "b"]
        end_b.set()
        await asyncio.gather(*tasks)
        assert slots._clients == {}

    asyncio.run(run())


def test_waiting_ends_in_time() -> None:
    async def run() -> None:
        slots = ClientSlots(1, per_client=1, timeout=0.01)
        async with slots.take("a"):
            for client in ("a", "b"):
                with pytest.raises(Overloaded):
                    async with slots.take(client):
                        pass
            await asyncio.sleep(0.02)  # the holder has its slot as long as it wants
        async with slots.take("b"):
            with pytest.raises(ZeroDivisionError):
                async with ClientSlots(1, per_client=1, timeout=20).take("a"):
                    raise ZeroDivisionError
        assert slots._clients == {}

    asyncio.run(run())
