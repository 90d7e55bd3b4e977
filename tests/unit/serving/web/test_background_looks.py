"""Looks in the background: a helper process, one server process at a time, failures, and the lease."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.inference.model_registry import ModelRegistry
from discern.serving.config import ServeConfig
from discern.serving.web.app import open_registry
from discern.serving.web.background_looks import BackgroundLooks, background_looks
from discern.serving.web.look_process import LookJob
from discern.serving.web.store_access import StoreAccess
from discern.watching.captures.capture_config import CaptureConfig
from discern.watching.looking.published_looks import take_lease
from discern.watching.stores.exchange_database import ExchangeDatabase
from discern.watching.stores.open_exchanges import open_store


def note_look(job: LookJob) -> str:
    """Note the process that looked and the model, in place of a look."""
    store = open_store(job.store)
    before = store.setting("looks") or []
    store.set_setting("looks", [*before, [os.getpid(), job.name]])
    store.close()
    return ""


def fail(job: LookJob) -> str:
    note_look(job)
    return f"The bundle of {job.name} is damaged."


def end_process(job: LookJob) -> str:
    note_look(job)
    os._exit(1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ExchangeDatabase]:
    made = open_store(tmp_path / "captures", create=True)
    yield made
    made.close()


@pytest.fixture
def registry(bundle: Path) -> Iterator[ModelRegistry]:
    opened = open_registry(ServeConfig(bundles=(f"one={bundle}", f"two={bundle}"), watch=False))
    yield opened
    opened.close()


def make_looks(store: ExchangeDatabase, registry: ModelRegistry, tmp_path: Path, **options: object) -> BackgroundLooks:
    access = StoreAccess(lambda: store)
    address = str(tmp_path / "captures")
    made = {"interval": 0.05, "take": note_look} | options
    return BackgroundLooks(access, address=address, registry=registry, **made)  # type: ignore[arg-type]


def looks_of(store: ExchangeDatabase) -> list[tuple[int, str]]:
    return [(process, name) for process, name in store.setting("looks") or []]


async def run_until(looks: BackgroundLooks, is_done: object, *, seconds: float = 30.0) -> None:
    """Run looks until a condition holds, and then end them as a shutdown does."""
    task = asyncio.create_task(looks.run())
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not is_done():  # type: ignore[operator]
                await asyncio.sleep(0.02)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def test_each_model_is_looked_at_again_and_again_in_another_process(
    store: ExchangeDatabase, registry: ModelRegistry, tmp_path: Path
) -> None:
    asyncio.run(run_until(make_looks(store, registry, tmp_path), lambda: len(looks_of(store)) >= 4))
    found = looks_of(store)[:4]
    assert [name for _, name in found] == ["one", "two", "one", "two"]
    (process,) = {process for process, _ in found}
    assert process != os.getpid()


def test_one_of_two_servers_looks_and_the_other_takes_over(
    store: ExchangeDatabase, registry: ModelRegistry, tmp_path: Path
) -> None:
    take_lease(store, "another", now=0.0, seconds=1e12)
    waiting = make_looks(store, registry, tmp_path)
    asyncio.run(run_until(waiting, lambda: False, seconds=0.5))
    assert looks_of(store) == []
    take_lease(store, "another", now=0.0, seconds=0.0)
    asyncio.run(run_until(make_looks(store, registry, tmp_path), lambda: looks_of(store)))
    assert looks_of(store)


def test_the_lease_is_free_after_a_shutdown(store: ExchangeDatabase, registry: ModelRegistry, tmp_path: Path) -> None:
    asyncio.run(run_until(make_looks(store, registry, tmp_path), lambda: looks_of(store)))
    assert take_lease(store, "next", now=0.0, seconds=1.0)


@pytest.mark.parametrize(
    ("take", "reason"), [(fail, "is damaged"), pytest.param(end_process, "ended", marks=pytest.mark.slow)]
)
def test_a_failure_is_logged_once_and_looks_go_on(
    store: ExchangeDatabase,
    registry: ModelRegistry,
    tmp_path: Path,
    logged: pytest.LogCaptureFixture,
    take: object,
    reason: str,
) -> None:
    asyncio.run(run_until(make_looks(store, registry, tmp_path, take=take), lambda: len(looks_of(store)) >= 3))
    warnings = [each.getMessage() for each in logged.records if "no look" in each.getMessage()]
    assert len(warnings) == 1
    assert reason in warnings[0]


def test_a_store_that_is_down_is_logged_once(
    registry: ModelRegistry, tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    access = StoreAccess(lambda: open_store(tmp_path / "gone"))
    looks = BackgroundLooks(access, address="gone", registry=registry, interval=0.02, take=note_look)
    asyncio.run(run_until(looks, lambda: False, seconds=0.3))
    assert sum("no look" in each.getMessage() for each in logged.records) == 1


def test_only_a_server_that_captures_looks(bundle: Path, registry: ModelRegistry, tmp_path: Path) -> None:
    config = ServeConfig(bundles=(str(bundle),), watch=False)
    assert background_looks(config, StoreAccess(None), registry) is None
    capture = CaptureConfig(store=str(tmp_path / "captures"))
    config = ServeConfig(bundles=(str(bundle),), capture=capture, alert_webhook="ftp://example.org")
    with pytest.raises(UsageError, match="webhook"):
        background_looks(config, StoreAccess(None), registry)
