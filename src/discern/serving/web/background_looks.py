"""Looks that a server takes at its own exchanges while it serves."""

import asyncio
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from discern.errors import DiscernError
from discern.inference.model_registry import ModelRegistry
from discern.parallel import WorkerProcess
from discern.serving.config import ServeConfig
from discern.serving.web.look_process import LookJob, take_and_publish
from discern.serving.web.store_access import StoreAccess
from discern.watching.alerts.send_alarms import open_channels
from discern.watching.looking.published_looks import release_lease, take_lease

_LOG = logging.getLogger("discern.serving")
_LEASE_LOOKS = 3  # not tuned: another process takes over after so many looks that were missed
_MIN_LEASE = 10.0


def background_looks(config: ServeConfig, access: StoreAccess, registry: ModelRegistry) -> "BackgroundLooks | None":
    """Build the background task that looks at what a server captures; None if it captures nothing.

    Raises:
        UsageError: the address for alerts is invalid.
    """
    if config.capture is None:
        return None
    open_channels(webhook=config.alert_webhook, command=None)
    return BackgroundLooks(
        access,
        address=config.capture.store,
        registry=registry,
        interval=config.look_seconds,
        webhook=config.alert_webhook,
    )


class BackgroundLooks:
    """Background task that takes looks in a helper process, in one of the server's processes at a time.

    Args:
        access: the store.
        address: address of the store, from which the helper process opens it.
        registry: the served models.
        interval: seconds between looks.
        webhook: URL to which new alarms are posted; None for no alerts.
        take: module-level function that takes a look in the helper process, and returns why it failed or "".
    """

    def __init__(
        self,
        access: StoreAccess,
        *,
        address: str,
        registry: ModelRegistry,
        interval: float = 60.0,
        webhook: str | None = None,
        take: Callable[[LookJob], str] = take_and_publish,
    ) -> None:
        self._access = access
        self._address = address
        self._registry = registry
        self._interval = interval
        self._webhook = webhook
        self._take = take
        self._owner = uuid.uuid4().hex
        self._process: WorkerProcess | None = None
        self._starting = threading.Lock()
        self._closed = False
        self._logged = ""

    async def run(self) -> None:
        """Take looks until this is cancelled."""
        try:
            while True:
                await self._step()
                await asyncio.sleep(self._interval)
        finally:
            await asyncio.to_thread(self.close)

    def close(self) -> None:
        """End the helper process at once, and let another process take the looks."""
        with self._starting:
            self._closed = True
        self._end_process()
        with suppress(DiscernError, OSError):
            self._access.read_here(partial(release_lease, owner=self._owner))

    async def _step(self) -> None:
        """Take a look at each model, if no other process takes them."""
        problem = ""
        try:
            for job in self._jobs():
                if await self._access.read(self._lease):
                    problem = problem or await self._look(job)
        except DiscernError as error:
            problem = f"{error.message} {error.hint}"
        except Exception as error:  # noqa: BLE001 - serving goes on, and the next look may succeed
            problem = repr(error)
        if problem and problem != self._logged:
            _LOG.warning("no look at the captured exchanges: %s", problem)
        self._logged = problem

    async def _look(self, job: LookJob) -> str:
        """Take a look, and renew the lease as long as it takes."""
        look = asyncio.ensure_future(asyncio.to_thread(self._in_process, job))
        look.add_done_callback(_retrieve)  # also where a shutdown no longer waits for it
        while True:
            done, _ = await asyncio.wait([look], timeout=self._interval)
            if done:
                return look.result()
            await self._access.read(self._lease)

    def _in_process(self, job: LookJob) -> str:
        with self._starting:
            if self._process is not None and self._process.ended:
                self._end_process()
            if self._closed:
                return ""
            process = self._process = self._process or WorkerProcess(quiet=True)
        return process.run(self._take, job)

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.close()

    def _jobs(self) -> Iterator[LookJob]:
        for served in self._registry.served.values():
            yield LookJob(store=self._address, bundle=str(served.path), name=served.name, webhook=self._webhook)

    def _lease(self, store: object) -> bool:
        seconds = max(_MIN_LEASE, _LEASE_LOOKS * self._interval)
        return take_lease(store, self._owner, now=time.time(), seconds=seconds)  # type: ignore[arg-type]


def _retrieve(look: "asyncio.Future[str]") -> None:
    if not look.cancelled():
        look.exception()
