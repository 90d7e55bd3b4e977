"""How a server is set up."""

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path

from discern.errors import UsageError
from discern.inference.batcher import BatchConfig
from discern.picture import Limits
from discern.serving.example_pictures import Example

MAX_PIXELS = 60_000_000
"""Of one picture that is asked about."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, kw_only=True)
class ServeConfig:
    """What a server offers, to whom, and how much of it.

    Args:
        bundles: paths, or `NAME=PATH`; the first is asked where none is named.
        host: the address that is listened at.
        port: 0 takes a free one.
        workers: processes that answer.
        key_file: who may ask, as `key` writes it; None: everybody.
        open: let everybody ask, also from other machines.
        rate: how many requests each asker may send that answer pictures, or have a wrong key, such as "60/minute";
            None: without end. An asker is a key or an address.
        rate_store: where several workers count together, such as "redis://..."; None: one worker counts for itself.
        limits: what pictures are refused before they are decoded.
        max_pictures: in one request; no more than may wait.
        max_request_bytes: of one request's body.
        max_held_bytes: of all bodies that are being read or answered.
        body_seconds: in which a request's head, and then its body, must be there, and an answer must be taken on with.
        allow_urls: fetch pictures that are named by `image_url`.
        cors: origins whose pages may ask, such as "https://shop.example"; "*": all.
        watch: replace a bundle when its file changes.
        behind: addresses of proxies that are believed when they say who asks; "": none.
        examples: pictures for visitors of the page to press; whoever can open the page sees them.
        batching: how work is taken up.

    Raises:
        UsageError: figures that do not go together.
    """

    bundles: tuple[str, ...]
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    key_file: Path | None = None
    open: bool = False
    rate: str | None = None
    rate_store: str | None = None
    limits: Limits = field(default_factory=lambda: Limits(max_bytes=20_000_000, max_pixels=MAX_PIXELS))
    max_pictures: int = 64
    max_request_bytes: int = 100_000_000
    max_held_bytes: int = 400_000_000
    body_seconds: float = 30.0
    allow_urls: bool = False
    cors: tuple[str, ...] = ()
    watch: bool = True
    behind: str = ""
    examples: tuple[Example, ...] = ()
    batching: BatchConfig = field(default_factory=BatchConfig)

    def __post_init__(self) -> None:
        if self.host not in LOOPBACK and not (self.key_file or self.open):
            raise UsageError(
                f"{self.host} can be reached from other machines, and nobody is asked for a key.",
                hint="Add --key-file FILE (see `discern key`), or --open to let everybody ask.",
            )
        if self.rate and self.workers > 1 and not self.rate_store:
            raise UsageError(
                "Several workers cannot count one asker's requests together by themselves.",
                hint="Use one worker, or name a store that all can reach: --rate-store redis://HOST.",
            )
        if self.workers < 1:
            raise UsageError(f"{self.workers} workers answer nothing.", hint="Use at least one.")
        if not 0 <= self.port <= 65535:
            raise UsageError(f"{self.port} is no port.", hint="Ports go from 1 to 65535; 0 takes a free one.")
        object.__setattr__(self, "cors", tuple(map(_origin, self.cors)))
        for address in filter(None, map(str.strip, self.behind.split(","))):
            _require_network(address)

    @property
    def most_pictures(self) -> int:
        """In one request: more than may wait would never be answered."""
        return min(self.max_pictures, self.batching.queue)


def _origin(given: str) -> str:
    """An origin as browsers write it: in small letters, without a usual port or a final slash."""
    found = re.fullmatch(r"(https?)(://[^\s/?#@]+)/?", given.lower())
    if given == "*":
        return given
    if found is None:
        raise UsageError(f"{given!r} is no origin of pages.", hint="Write it like https://shop.example.")
    return found[1] + found[2].removesuffix({"http": ":80", "https": ":443"}[found[1]])


def _require_network(given: str) -> None:
    try:
        if given != "*":
            ipaddress.ip_network(given)
    except ValueError as error:
        raise UsageError(
            f"{given!r} is no address of a proxy: {error}.", hint="Write it like 10.0.0.1 or 10.0.0.0/8."
        ) from error
