"""Reloads run beside the event loop, and are abandoned when the server ends."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from discern.errors import BundleError, Overloaded
from discern.inference.model_registry import ModelRegistry
from discern.serving.web.reloader import Reloader
from tests.unit.bundle.factories import write_small
from tests.unit.inference.factories import wait_for_child

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals need POSIX")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_small(tmp_path / "m.discern")


def test_it_returns_the_names_or_the_error(bundle: Path) -> None:
    registry = ModelRegistry([bundle])

    async def run() -> None:
        reloader = Reloader(registry)
        assert await reloader.reload() == ["colours"]
        assert await reloader.reload(changed_only=True) == []
        bundle.write_bytes(b"nothing")
        with pytest.raises(BundleError, match="not a bundle"):
            await reloader.reload(changed_only=True)

    asyncio.run(run())
    registry.close()


@POSIX
def test_a_reload_whose_helper_hangs_does_not_stop_the_loop_or_the_end(bundle: Path) -> None:
    registry = ModelRegistry([bundle])

    async def run() -> float:
        reloader = Reloader(registry)
        reload = asyncio.create_task(reloader.reload())
        helper = await asyncio.to_thread(wait_for_child, os.getpid())
        os.kill(helper, signal.SIGSTOP)
        await asyncio.sleep(0.01)
        assert not reload.done()
        started = time.monotonic()
        reloader.end()
        with pytest.raises((Overloaded, BundleError), match=r"[Tt]he server is ending"):
            await reload
        with pytest.raises((Overloaded, BundleError)):
            await reloader.reload()
        return started

    started = asyncio.run(run())
    assert time.monotonic() - started < 30
    registry.close()


@POSIX
def test_a_signal_ends_reloads_and_is_passed_on(bundle: Path) -> None:
    registry = ModelRegistry([bundle])
    received: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: received.append(number))

    async def run() -> None:
        reloader = Reloader(registry)
        with reloader.ending_on_signal():
            reload = asyncio.create_task(reloader.reload())
            os.kill(await asyncio.to_thread(wait_for_child, os.getpid()), signal.SIGSTOP)
            signal.raise_signal(signal.SIGTERM)
            with pytest.raises((Overloaded, BundleError)):
                await reload
        assert received == [signal.SIGTERM]
        signal.raise_signal(signal.SIGTERM)
        assert received == [signal.SIGTERM] * 2

    try:
        asyncio.run(run())
    finally:
        signal.signal(signal.SIGTERM, before)
    registry.close()


@POSIX
def test_a_request_that_is_cancelled_leaves_the_reload_alone(bundle: Path) -> None:
    registry = ModelRegistry([bundle])

    async def run() -> None:
        reloader = Reloader(registry)
        write_small(bundle, version="2")
        reload = asyncio.create_task(reloader.reload())
        await asyncio.to_thread(wait_for_child, os.getpid())
        reload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reload
        while registry.get().model.manifest.version == "1":
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(run(), 60))
    registry.close()
