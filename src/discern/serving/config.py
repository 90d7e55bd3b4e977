"""Settings of the HTTP server and their default values.

Importing this module does not load numpy.
"""

import ipaddress
import math
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from discern.errors import UsageError
from discern.inference.batch_config import BatchConfig
from discern.serving.host_names import parse_host
from discern.serving.rate_limit import is_local_store, parse_rate_limit

if TYPE_CHECKING:
    from discern.picture import Limits
    from discern.serving.example_pictures import Example
    from discern.watching.captures.capture_config import CaptureConfig  # not part of the container image

LOOPBACK = ("127.0.0.1", "::1", "localhost")
MAX_PICTURE_BYTES = 20_000_000
MAX_PICTURE_PIXELS = 60_000_000

Config = TypeVar("Config")


def _default_limits() -> "Limits":
    from discern.picture import Limits  # noqa: PLC0415 - loads numpy and Pillow

    return Limits(max_bytes=MAX_PICTURE_BYTES, max_pixels=MAX_PICTURE_PIXELS)


def _rename_fields(**renamed: str) -> Callable[[type[Config]], type[Config]]:
    """Return a class decorator that accepts deprecated names of dataclass fields."""

    def decorate(cls: type[Config]) -> type[Config]:
        initialise = cls.__init__

        @wraps(initialise)
        def init(self: Config, **options: Any) -> None:
            for old in options.keys() & renamed:
                warn(old)
                options.setdefault(renamed[old], options.pop(old))
            initialise(self, **options)

        def get(self: Config, name: str) -> Any:
            if name not in renamed:
                raise AttributeError(f"{cls.__name__!r} object has no attribute {name!r}")
            warn(name)
            return getattr(self, renamed[name])

        def warn(old: str) -> None:
            warnings.warn(f"{cls.__name__}: {old} is now {renamed[old]}.", DeprecationWarning, stacklevel=3)

        cls.__init__ = init  # type: ignore[assignment]
        cls.__getattr__ = get  # type: ignore[attr-defined]
        return cls

    return decorate


# Old names, to be removed in the release after the next.
@_rename_fields(
    open="no_auth",
    rate="rate_limit",
    body_seconds="request_timeout",
    behind="trusted_proxies",
    most_pictures="pictures_per_request",
)
@dataclass(frozen=True, kw_only=True)
class ServeConfig:
    """Settings of the HTTP server that classifies images.

    Attributes:
        bundles: paths, or `NAME=PATH`; the first is the default model.
        host: the address to listen on.
        port: the port to listen on; 0 for a free one.
        workers: number of worker processes.
        key_file: file of API keys, as `key` writes it; None for no authentication.
        no_auth: allow requests without a key from other machines.
        rate_limit: pictures, and requests without a picture or with an invalid key, allowed per client, such as
            "60/minute"; None for no limit. A client is an API key or an address.
        rate_store: storage of the rate limits that several workers share, such as "redis://..."; None for the memory of
            the one worker.
        limits: limits on the size of pictures, checked before they are decoded.
        max_pictures: pictures per request, at most; never more than the queue holds.
        max_request_bytes: size of a request body, at most.
        max_held_bytes: size of all request bodies being read or processed, at most; half of it for one address.
        request_timeout: seconds within which a request's header, then its body, must arrive, and within which the
            client must continue to read the response.
        allow_urls: fetch pictures named by `image_url`.
        cors: origins allowed to send cross-origin requests, such as "https://shop.example"; "*" for all.
        watch: reload a bundle when its file changes, after a trial in a helper process with limits of time and, on
            Linux, of memory.
        allowed_hosts: further names that requests may have in their Host header. On a loopback address, only its own
            names are allowed otherwise; on other addresses all are, unless names are given here.
        trusted_proxies: addresses whose X-Forwarded-For is honoured, separated by commas; "*" for all, "" for none. The
            client is the last address in it that is not one of them; with "*", the last one.
        examples: example pictures on the page; public to everyone who can open the page.
        batching: settings of each bundle's batcher.
        capture: where exchanges are kept; None to keep none.
        look_seconds: seconds between looks at the exchanges, at least 1.
        alert_webhook: address to which alarms of the looks are posted; None for no alerts.

    Raises:
        UsageError: a value is out of range, or options do not fit together.
    """

    bundles: tuple[str, ...]
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    key_file: Path | None = None
    no_auth: bool = False
    rate_limit: str | None = None
    rate_store: str | None = None
    limits: "Limits" = field(default_factory=_default_limits)
    max_pictures: int = 64
    max_request_bytes: int = 100_000_000
    max_held_bytes: int = 400_000_000
    request_timeout: float = 30.0
    allow_urls: bool = False
    cors: tuple[str, ...] = ()
    watch: bool = True
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: str = ""
    examples: "tuple[Example, ...]" = ()
    batching: BatchConfig = field(default_factory=BatchConfig)
    capture: "CaptureConfig | None" = None
    look_seconds: float = 60.0
    alert_webhook: str | None = None

    def __post_init__(self) -> None:
        if self.host not in LOOPBACK and not (self.key_file or self.no_auth):
            raise UsageError(
                f"{self.host} can be reached from other machines, and no API key is required.",
                hint="Add --key-file FILE (see `discern key`), or --no-auth to allow everyone.",
            )
        self._check_rate_limit()
        if self.alert_webhook is not None and self.capture is None:
            raise UsageError("--alert-webhook has no effect without --capture.", hint="Add --capture STORE.")
        if not 1 <= self.look_seconds < math.inf:
            raise UsageError(f"Invalid seconds between looks: {self.look_seconds}.", hint="Use at least 1, such as 60.")
        if self.workers < 1:
            raise UsageError(f"Invalid number of workers: {self.workers}.", hint="Use at least one.")
        if not 0 <= self.port <= 65535:
            raise UsageError(f"Invalid port: {self.port}.", hint="Use 1 to 65535, or 0 for a free port.")
        object.__setattr__(self, "cors", tuple(map(_normalise_origin, self.cors)))
        object.__setattr__(self, "allowed_hosts", tuple(map(_normalise_host, self.allowed_hosts)))
        proxies = list(filter(None, map(str.strip, self.trusted_proxies.split(","))))
        if "*" in proxies and len(proxies) > 1:
            raise UsageError('"*" among --trusted-proxies trusts every address.', hint='Leave out the others, or "*".')
        for address in proxies:
            _require_network(address)

    def _check_rate_limit(self) -> None:
        if self.rate_limit is None:
            if self.rate_store is not None:
                raise UsageError("--rate-store has no effect without --rate-limit.", hint="Add --rate-limit 60/minute.")
            return
        parse_rate_limit(self.rate_limit)
        if self.workers > 1 and (self.rate_store is None or is_local_store(self.rate_store)):
            raise UsageError(
                "Several workers need a shared store to apply one rate limit.",
                hint="Use one worker, or name a store that all can reach: --rate-store redis://HOST.",
            )

    @property
    def pictures_per_request(self) -> int:
        """Return the maximum number of images in one HTTP request."""
        return min(self.max_pictures, self.batching.max_queue)


def _normalise_origin(origin: str) -> str:
    parts = re.fullmatch(r"(https?)(://[^\s/?#@]+)/?", origin.lower())
    if origin == "*":
        return origin
    if parts is None:
        raise UsageError(f"Invalid origin: {origin!r}.", hint="Write it like https://shop.example.")
    return parts[1] + parts[2].removesuffix({"http": ":80", "https": ":443"}[parts[1]])


def _normalise_host(name: str) -> str:
    host = parse_host(name)
    if host is None or host.port is not None:
        raise UsageError(f"Invalid host name: {name!r}.", hint="Write it without a port, like shop.example or [::1].")
    return host.name


def _require_network(address: str) -> None:
    try:
        if address != "*":
            ipaddress.ip_network(address)
    except ValueError as error:
        raise UsageError(
            f"Invalid proxy address {address!r}: {error}.", hint="Write it like 10.0.0.1 or 10.0.0.0/8."
        ) from error
