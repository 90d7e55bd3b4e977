"""All addresses of a list are accounted for, once, within the limits of each host."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from discern.collecting.collection import METADATA, count_left_out, open_collection
from discern.collecting.downloads.collect_urls import DownloadOptions, collect_urls
from discern.collecting.downloads.host_limits import PER_HOST
from discern.collecting.downloads.url_rows import UrlRow
from discern.errors import UsageError
from tests.unit.collecting.downloads.web_server import web_server

HOSTS = ("127.0.0.1", "localhost")
OPTIONS = DownloadOptions(allow_hosts=HOSTS, max_bytes=1 << 18)


class Stopped(Exception):
    pass


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_address_has_one_outcome(tmp_path: Path) -> None:
    kinds = ["ok", "to/ok", "missing", "lie", "cut", "empty", "endless", "huge", "loop", "secret", "flaky"]
    with web_server() as server:
        server.delay = 0.005
        server.robots["localhost"] = (200, b"user-agent: *\ndisallow: /lie")
        urls = [server.url(f"/{kinds[n % len(kinds)]}/{n}", HOSTS[n % 2]) for n in range(5 * len(kinds))]
        rows = [UrlRow(url=url, label="cat") for url in [*urls, urls[0], "http://10.0.0.1/a.jpg", "nonsense"]]
        with open_collection(tmp_path / "out") as collection:
            records = collect_urls(rows, collection, OPTIONS)
    assert len(records) == len(rows)
    kept = sum(len(record.pictures) for record in records)
    assert kept == 15
    assert count_left_out(records) == {
        "bad_redirect": 5, "empty": 5, "forbidden": 5, "invalid_address": 1, "listed_twice": 1, "not_a_picture": 2,
        "not_found": 5, "private_address": 1, "robots": 3, "too_large": 10, "truncated": 5,
    }  # fmt: skip
    assert max(server.most.values()) <= PER_HOST
    listed = read(tmp_path / "out.left_out.csv")
    assert len(listed) == len(rows) - kept - 1
    assert all(row["reason"] and row["message"].endswith(".") for row in listed)


def test_provenance_is_kept(tmp_path: Path) -> None:
    with web_server("127.0.0.1") as server:
        rows = [
            UrlRow(url=server.url("/to/licensed/1"), label="cat", group="g"),
            UrlRow(url=server.url("/licensed/2"), label="=dog", license="CC0"),
        ]
        with open_collection(tmp_path / "out") as collection:
            collect_urls(rows, collection, OPTIONS)
    first, second = sorted(read(tmp_path / "out" / METADATA), key=lambda row: row["label"], reverse=True)
    assert (first["source"], first["url"]) == (server.url("/to/licensed/1"), server.url("/licensed/1"))
    assert (first["label"], first["group"], first["license"]) == ("cat", "g", "https://cc.example/by/4.0")
    assert (second["label"], second["license"]) == ("=dog", "CC0")
    assert len(first["sha256"]) == 64
    assert first["date"].endswith("+00:00")
    assert (tmp_path / "out" / first["file_name"]).is_file()


def test_a_second_call_requests_only_what_failed_for_now(tmp_path: Path) -> None:
    with web_server("127.0.0.1") as server:
        rows = [UrlRow(url=server.url(path)) for path in ("/ok/1", "/missing/1", "/lie/1", "/drop/1", "/ok/2")]
        for _ in range(2):
            with open_collection(tmp_path / "out") as collection:
                records = collect_urls(rows, collection, OPTIONS)
    assert [server.times(path) for path in ("/ok/1", "/missing/1", "/lie/1")] == [1, 1, 1]
    assert server.times("/drop/1") == 8
    assert count_left_out(records) == {"not_a_picture": 1, "not_found": 1, "unreachable": 1}


def test_an_interrupted_call_is_continued(tmp_path: Path) -> None:
    def stop(_: str, done: int, __: int | None) -> None:
        if done == 6:
            raise Stopped

    with web_server("127.0.0.1") as server:
        rows = [UrlRow(url=server.url(f"/ok/{number}")) for number in range(20)]
        with pytest.raises(Stopped), open_collection(tmp_path / "out") as collection:
            collect_urls(rows, collection, OPTIONS, stop)
        assert len(read(tmp_path / "out" / METADATA)) >= 6
        with open_collection(tmp_path / "out") as collection:
            records = collect_urls(rows, collection, OPTIONS)
    assert sum(len(record.pictures) for record in records) == 20
    repeated = Counter(path for path in server.requests["127.0.0.1"] if path.startswith("/ok"))
    assert sum(repeated.values()) <= 20 + PER_HOST


def test_an_error_of_the_disk_is_one_error(tmp_path: Path) -> None:
    def fill(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with (
        web_server("127.0.0.1") as server,
        pytest.raises(UsageError, match="No space left on device"),
        open_collection(tmp_path / "out") as collection,
    ):
        collect_urls([UrlRow(url=server.url(f"/ok/{number}")) for number in range(4)], collection, OPTIONS, fill)


def test_the_same_picture_is_kept_once_for_each_label(tmp_path: Path) -> None:
    with web_server("127.0.0.1") as server:
        rows = [
            UrlRow(url=server.url(f"/ok/1?{number}"), label=label) for number in range(3) for label in ("cat", "dog")
        ]
        for _ in range(2):
            with open_collection(tmp_path / "out") as collection:
                records = collect_urls(rows, collection, OPTIONS)
            assert sum(len(record.pictures) for record in records) == 2
            assert count_left_out(records) == {"duplicate": 4}
    assert len(list((tmp_path / "out").rglob("*.jpg"))) == 2
