"""Who may ask what, and how often."""

import asyncio
import ipaddress
import re
import time
from typing import cast

from limits import RateLimitItem, WindowStats, parse
from limits.storage import Storage, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import Headers
from starlette.types import Scope

from discern.errors import Forbidden, Overloaded, RateExceeded, Unauthorized, UsageError
from discern.serving.config import ServeConfig
from discern.serving.keys import Key, Keys

_FREE = ("/", "/healthz", "/readyz", "/ping", "/docs", "/openapi.json", "/favicon.ico", "/v2/health/live")
_FREE_BELOW = ("/page/", "/examples/", "/static-offline-docs/", "/v2/health/")
_ADMIN = "/admin"


class Access:
    """Keys and rates, as the configuration asks for them.

    Raises:
        UsageError: the file of keys or the rate cannot be read.
    """

    def __init__(self, config: ServeConfig) -> None:
        self._keys = Keys(config.key_file) if config.key_file else None
        self._rate = None
        self._elsewhere = config.rate_store is not None
        if config.rate:
            self._rate = _parsed(config.rate)
            self._limiter = SlidingWindowCounterRateLimiter(_store(config.rate_store or "memory://"))

    async def admit(self, scope: Scope, headers: Headers) -> str:
        """Let a request in, and say who asks: `key:NAME` or an address.

        Raises:
            Unauthorized: a key is needed.
            Forbidden: this key is not enough.
            RateExceeded: this asker has asked enough.
        """
        path = scope["path"]
        caller = address_of(scope)
        if path in _FREE or path.startswith(_FREE_BELOW) or scope["method"] == "OPTIONS":
            return caller
        try:
            key = self._identify(headers)
        except Unauthorized:
            await self._require_rate(caller)  # or keys could be guessed without end
            raise
        if key is not None:
            caller = f"key:{key.name}"
        if scope["method"] == "POST":  # whoever only looks, such as Prometheus, takes nothing from anybody
            await self._require_rate(caller)
        if path.startswith(_ADMIN):
            _require_admin(key)
        return caller

    def _identify(self, headers: Headers) -> Key | None:
        if self._keys is None:
            return None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        given = given.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        if not given:
            raise Unauthorized("A key is needed.", hint="Send it as `Authorization: Bearer KEY`.")
        key = self._keys.find(given)
        if key is None:
            raise Unauthorized("This key is not known here.", hint="Ask whoever runs this server for one.")
        return key

    async def _require_rate(self, caller: str) -> None:
        if self._rate is None:
            return
        try:
            # A store elsewhere is waited for beside the loop.
            window = await asyncio.to_thread(self._hit, caller) if self._elsewhere else self._hit(caller)
        except Exception as error:
            raise Overloaded("What you have asked cannot be counted now.", hint="Ask again in a moment.") from error
        if window is None:
            return
        raise RateExceeded(
            f"You have asked {self._rate.amount} times, which is as often as you may ({self._rate}).",
            hint="Wait, or ask for a higher rate.",
            retry_after=max(1.0, window.reset_time - time.time()),
        )

    def _hit(self, caller: str) -> WindowStats | None:
        """Count a question; give the window where it was one too many."""
        assert self._rate is not None
        if self._limiter.hit(self._rate, caller):
            return None
        return self._limiter.get_window_stats(self._rate, caller)


def _parsed(rate: str) -> RateLimitItem:
    try:
        return parse(rate)
    except ValueError as error:
        raise UsageError(f"--rate {rate!r} is no rate: {error}.", hint="Write it like 60/minute.") from error


def _store(where: str) -> Storage:
    try:
        return cast("Storage", storage_from_string(where))
    except Exception as error:
        missing = re.match(r"'(\w+)' prerequisite", str(error))
        hint = f"Install it: pip install {missing[1]}." if missing else "Write it like redis://HOST:6379."
        raise UsageError(f"--rate-store {where!r} cannot be used: {error}.", hint=hint) from error


def address_of(scope: Scope) -> str:
    """Whose request it is, by address; IPv6 by its network, as one household has more addresses than can be counted."""
    client = scope.get("client")
    if not client:
        return "unknown"
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return str(client[0])
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    # A socket for both kinds gives IPv4 addresses in the form of IPv6, all of them in one network.
    return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))


def _require_admin(key: Key | None) -> None:
    if key is None:
        raise Forbidden("This needs a key, and this server has none.", hint="Start it with --key-file FILE.")
    if not key.admin:
        raise Forbidden("This key may ask, but not change anything.", hint="Use one made with --admin.")
