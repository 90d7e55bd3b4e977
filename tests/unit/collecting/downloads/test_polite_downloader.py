"""Downloads follow rules and redirects, and try again where that may help."""

import asyncio
from collections.abc import Sequence
from functools import partial

import pytest

from discern.client.backoff import Backoff
from discern.collecting.downloads.download_error import DownloadError
from discern.collecting.downloads.host_limits import HostLimits
from discern.collecting.downloads.polite_downloader import PoliteDownloader
from discern.collecting.downloads.web_client import Reply, web_client
from tests.unit.collecting.downloads.web_server import WebServer, jpeg, web_server


class _Quick(Backoff):
    def pause(self, retry_after: float | None = None, *, within: float = 0) -> float | None:
        return 0.01 if super().pause(retry_after) is not None else None


def download(
    server: WebServer, paths: Sequence[str], hosts: Sequence[str] = ("127.0.0.1", "localhost")
) -> list[Reply | str]:
    async def run() -> list[Reply | BaseException]:
        async with web_client(hosts, connections=4) as client:
            downloader = PoliteDownloader(client, HostLimits(total=4), backoff=partial(_Quick, seconds=5))
            jobs = [downloader.download(server.url(path), max_bytes=1 << 20) for path in paths]
            return await asyncio.gather(*jobs, return_exceptions=True)

    found = asyncio.run(run())
    assert all(isinstance(each, Reply | DownloadError) for each in found), found
    return [each if isinstance(each, Reply) else each.reason for each in found]


def test_redirects_are_followed_to_other_hosts_and_not_without_end() -> None:
    with web_server() as server:
        reply, other, *reasons = download(
            server, ["/to/ok/1", "/elsewhere/ok/2", "/loop/", "/nowhere/", "/file/", "/to/to/to/to/to/to/ok/1"]
        )
    assert (reply.body, reply.url) == (jpeg(1), server.url("/ok/1"))
    assert other.url == server.url("/ok/2", "localhost")
    assert reasons == ["bad_redirect"] * 4


def test_a_redirect_to_a_private_address_is_refused() -> None:
    with web_server() as server:
        assert download(server, ["/elsewhere/ok/2"], hosts=["127.0.0.1"]) == ["private_address"]
    assert not server.requests["localhost"]


def test_rules_are_asked_for_once_and_followed_on_each_host() -> None:
    with web_server() as server:
        server.robots["localhost"] = (200, b"user-agent: *\ndisallow: /ok/2")
        found = download(server, ["/elsewhere/ok/2", "/elsewhere/ok/3", "/ok/2", "/ok/3"])
    assert found[0] == "robots"
    assert [each.body for each in found[1:]] == [jpeg(3), jpeg(2), jpeg(3)]
    assert [server.requests[host].count("/robots.txt") for host in ("127.0.0.1", "localhost")] == [1, 1]
    assert "/ok/2" not in server.requests["localhost"]


@pytest.mark.parametrize(
    ("status", "expected"), [(404, 200), (403, 200), (503, "robots_unknown"), (429, "robots_unknown")]
)
def test_rules_that_cannot_be_read_forbid_for_now(status: int, expected: object) -> None:
    with web_server() as server:
        server.robots["127.0.0.1"] = (status, b"")
        (found,) = download(server, ["/ok/1"])
    assert (found.status if isinstance(found, Reply) else found) == expected


def test_what_may_help_is_tried_again() -> None:
    with web_server() as server:
        flaky, later, broken, missing = download(server, ["/flaky/1", "/later/1", "/broken/1", "/missing/1"])
    assert (flaky.status, later.status) == (200, 200)
    assert (broken, missing) == ("server_error", "not_found")
    assert [server.times(path) for path in ("/flaky/1", "/later/1", "/broken/1", "/missing/1")] == [2, 2, 4, 1]


def test_a_dead_host_is_asked_a_few_times_only() -> None:
    with web_server() as server:
        pass
    found = download(server, [f"/ok/{number}" for number in range(30)])
    assert set(found) <= {"unreachable", "host_unreachable"}
