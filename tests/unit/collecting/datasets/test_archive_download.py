"""Archives are downloaded whole, resumed and checked."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from discern.collecting.datasets.archive_download import ArchiveAddress, download_archive
from discern.collecting.datasets.published_dataset import PublishedDataset
from discern.errors import CatalogError
from tests.unit.collecting.downloads.web_server import WebServer, web_server

DATA = bytes(range(256)) * 400
DATASET = PublishedDataset(
    name="small",
    title="Small Set",
    page="https://set.example",
    address="https://set.example/small.zip",
    file="small.zip",
    md5=hashlib.md5(DATA).hexdigest(),
    max_bytes=1 << 20,
)
SECRET = {"Authorization": "Basic secret"}


def download(server: WebServer, folder: Path, path: str = "/files/small.zip", **changes: object) -> Path:
    address = ArchiveAddress(url=server.url(path), headers=SECRET)
    return download_archive(replace(DATASET, **changes), address, folder, allow_hosts=("127.0.0.1", "localhost"))


def test_a_file_is_complete_and_nothing_else_is_left(tmp_path: Path) -> None:
    with web_server() as server:
        server.files["small.zip"] = DATA
        assert download(server, tmp_path).read_bytes() == DATA
    assert [path.name for path in tmp_path.iterdir()] == ["small.zip"]


def test_a_connection_that_ends_is_resumed(tmp_path: Path) -> None:
    with web_server() as server:
        server.files["small.zip"], server.piece = DATA, 30_000
        assert download(server, tmp_path).read_bytes() == DATA
    assert server.times("/files/small.zip") == 4


def test_a_part_of_another_file_is_replaced_once(tmp_path: Path) -> None:
    (tmp_path / "small.zip.part").write_bytes(b"x" * (len(DATA) + 5))
    with web_server() as server:
        server.files["small.zip"] = DATA
        assert download(server, tmp_path).read_bytes() == DATA


def test_another_file_is_refused_and_removed(tmp_path: Path) -> None:
    with web_server() as server:
        server.files["small.zip"] = DATA[:-1] + b"?"
        with pytest.raises(CatalogError, match="is another file: its MD5") as caught:
            download(server, tmp_path)
    assert DATASET.md5 in caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "changes", "message"),
    [
        ("/missing/", {}, "does not have it"),
        ("/files/small.zip", {"max_bytes": 1000}, "more than 1,000 bytes"),
        ("/loop/", {}, "without end"),
    ],
)
def test_the_message_says_how_to_provide_it_by_hand(
    tmp_path: Path, path: str, changes: dict[str, object], message: str
) -> None:
    with web_server() as server:
        server.files["small.zip"] = DATA
        with pytest.raises(CatalogError, match=message) as caught:
            download(server, tmp_path, path, **changes)
    assert "Small Set cannot be downloaded" in caught.value.message
    assert "Download small.zip from https://set.example/small.zip on any machine" in caught.value.hint


def test_a_secret_is_sent_to_its_own_server_only(tmp_path: Path) -> None:
    with web_server() as server:
        server.files["small.zip"] = DATA
        download(server, tmp_path)
        download(server, tmp_path, "/elsewhere/files/small.zip")
    assert server.authorisations == {"127.0.0.1/small.zip": "Basic secret", "localhost/small.zip": None}
    assert "secret" not in repr(ArchiveAddress(url="u", headers=SECRET))
