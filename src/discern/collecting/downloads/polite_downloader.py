"""Downloads that follow redirects and `robots.txt`, wait where servers ask for it, and try again."""

import asyncio
from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

from discern.client.backoff import Backoff
from discern.collecting.downloads.download_error import DownloadError
from discern.collecting.downloads.host_limits import HostLimits
from discern.collecting.downloads.robots import ALLOW_ALL, MAX_BYTES, Robots, parse_robots
from discern.collecting.downloads.web_client import MAX_REDIRECTS, Reply, WebClient, follow_redirect

# Not tuned: attempts for one address, and the seconds until the last one.
_ATTEMPTS, _PATIENCE_SECONDS = 4, 120.0
_BACKOFF = partial(Backoff, seconds=_PATIENCE_SECONDS)
_UNREACHED = {"unreachable", "timeout"}


class PoliteDownloader:
    """Downloader of files from many hosts.

    Args:
        client: sends the requests.
        limits: limits on the requests to each host.
        backoff: creates the waits between attempts.
    """

    def __init__(
        self,
        client: WebClient,
        limits: HostLimits,
        *,
        backoff: Callable[[], Backoff] = _BACKOFF,
    ) -> None:
        self._client = client
        self._limits = limits
        self._backoff = backoff
        self._robots: dict[str, asyncio.Task[Robots]] = {}

    async def download(self, url: str, *, max_bytes: int) -> Reply:
        """Download a file.

        Args:
            url: the address, as `clean_url` returns it.
            max_bytes: most bytes of the file.

        Raises:
            DownloadError: the file cannot be had.
        """
        visited = set[str]()
        while url not in visited and len(visited) <= MAX_REDIRECTS:
            visited.add(url)
            robots = await self._rules(url)
            if not robots.allows(url):
                host = urlsplit(url).hostname
                raise DownloadError("robots", f"The robots.txt of {host} asks programs not to request it.")
            reply = await self._request(url, max_bytes=max_bytes, delay=robots.delay)
            if reply.status == 200:
                return reply
            url = follow_redirect(url, reply.location)
        raise DownloadError("bad_redirect", "It redirects without end.")

    async def _rules(self, url: str) -> Robots:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._robots:
            self._robots[origin] = asyncio.create_task(self._read_rules(f"{origin}/robots.txt"))
        return await asyncio.shield(self._robots[origin])

    async def _read_rules(self, url: str) -> Robots:
        """Read the rules of a host; those of one without any, or that refuses to send them, allow all (RFC 9309)."""
        try:
            for _ in range(MAX_REDIRECTS + 1):
                reply = await self._request(url, max_bytes=MAX_BYTES, cut=True)
                if reply.status == 200:
                    return parse_robots(reply.body)
                url = follow_redirect(url, reply.location)
        except DownloadError as error:
            if error.reason in {"server_error", "busy"}:
                message = f"The robots.txt of {urlsplit(url).hostname} cannot be read for now: {error.message}"
                raise DownloadError("robots_unknown", message, is_temporary=True) from error
            if error.is_temporary or error.reason == "private_address":
                raise
        return ALLOW_ALL

    async def _request(self, url: str, *, max_bytes: int, delay: float = 0.0, cut: bool = False) -> Reply:
        host, backoff = urlsplit(url).hostname or "", self._backoff()
        for attempt in range(1, _ATTEMPTS + 1):
            async with self._limits.slot(host, delay):
                try:
                    reply = await self._client.get(url, max_bytes=max_bytes, cut=cut)
                except DownloadError as error:
                    self._limits.note_outcome(host, reached=error.reason not in _UNREACHED)
                    failure = error
                else:
                    self._limits.note_outcome(host, reached=True)
                    return reply
            pause = backoff.pause(failure.retry_after) if failure.is_temporary else None
            if pause is None or attempt == _ATTEMPTS:
                raise failure
            if failure.retry_after is not None:
                self._limits.pause(host, pause)
            await asyncio.sleep(pause)
        raise AssertionError
