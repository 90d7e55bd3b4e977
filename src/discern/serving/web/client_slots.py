"""Limit on the number of operations at a time, in all and for each client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from discern.errors import Overloaded


@dataclass
class _Client:
    """A client's slots, and the number of operations that have or await one."""

    slots: asyncio.Semaphore
    users: int = 0


class ClientSlots:
    """Limit on the number of operations at a time, of which no client can occupy more than a share.

    Args:
        total: operations at a time.
        per_client: operations at a time for the same client.
        timeout: seconds for which one waits for its turn.
    """

    def __init__(self, total: int, *, per_client: int, timeout: float) -> None:
        self._total = asyncio.Semaphore(total)
        self._per_client = per_client
        self._timeout = timeout
        self._clients: dict[str, _Client] = {}

    @asynccontextmanager
    async def take(self, client: str) -> AsyncIterator[None]:
        """Wait for a slot, and hold it within the context.

        Raises:
            Overloaded: no slot becomes free in time.
        """
        own = self._clients.setdefault(client, _Client(asyncio.Semaphore(self._per_client)))
        own.users += 1
        async with AsyncExitStack() as held:
            held.callback(self._leave, client)
            try:
                async with asyncio.timeout(self._timeout):
                    await held.enter_async_context(own.slots)
                    await held.enter_async_context(self._total)
            except TimeoutError as error:
                raise Overloaded("The server is overloaded.", hint="Retry in a moment.") from error
            yield

    def _leave(self, client: str) -> None:
        self._clients[client].users -= 1
        if not self._clients[client].users:
            del self._clients[client]
