"""Files of the hub arrive whole, once, and as pinned; what is wrong is refused with the remedy."""

import gzip
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.features.backbones.hub_server import COMMIT, REPOSITORY, Hub, serve_hub
from tests.waiting import wait_until

from discern.errors import BackboneError, DiscernError, StoreError
from discern.features.backbones.hub_download import fetch_file
from discern.features.backbones.hub_files import MAX_BYTES

CONTENT = np.random.default_rng(0).bytes(1_000_003)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FLIPPED = CONTENT[:500_000] + bytes([CONTENT[500_000] ^ 1]) + CONTENT[500_001:]


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serve_hub(CONTENT) as server:
        yield server


def fetch(hub: Hub, cache: Path, *, size: bool = True, **environment: str) -> bytes:
    return fetch_file(hub.file(size=size), cache, hub.environment(**environment))


def refusal(hub: Hub, cache: Path, *, size: bool = True, **environment: str) -> DiscernError:
    with pytest.raises(DiscernError) as caught:
        fetch(hub, cache, size=size, **environment)
    return caught.value


def assert_remedy(error: DiscernError, hub: Hub, cache: Path) -> None:
    for part in (f"/{REPOSITORY}/resolve/{COMMIT}/onnx/model.onnx", str(cache / "weights/network.onnx")):
        assert part in error.hint
    assert hub.file().sha256 in error.hint
    assert "secret" not in str(error)


@pytest.mark.parametrize("size", [True, False])
def test_a_file_is_fetched_once(hub: Hub, tmp_path: Path, size: bool) -> None:
    assert fetch(hub, tmp_path, size=size) == CONTENT
    assert len(hub.requests) == 2
    assert fetch(hub, tmp_path, size=size) == CONTENT
    assert len(hub.requests) == 2
    assert [path.suffix for path in (tmp_path / "weights").iterdir() if path.suffix == ".part"] == []


def test_several_threads_fetch_a_file_once(hub: Hub, tmp_path: Path) -> None:
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(fetch(hub, tmp_path))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [CONTENT] * 4
    assert len(hub.requests) == 2


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_the_cache_is_private(hub: Hub, tmp_path: Path) -> None:
    fetch(hub, tmp_path / "cache")
    for path in (tmp_path / "cache", *(tmp_path / "cache").rglob("*")):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


# The end of a body whose size is unknown cannot be noticed.
@pytest.mark.parametrize(("size", "chunked"), [(True, True), (True, False), (False, False)])
def test_an_interrupted_download_is_resumed(hub: Hub, tmp_path: Path, size: bool, chunked: bool) -> None:
    hub.stop_after, hub.chunked = 400_000, chunked
    error = refusal(hub, tmp_path, size=size)
    assert "400,000 of 1,000,003 bytes" in error.message
    assert "continues there" in error.hint
    assert_remedy(error, hub, tmp_path)
    hub.stop_after = None
    assert fetch(hub, tmp_path, size=size) == CONTENT
    assert hub.requests[-1][1]["Range"] == "bytes=400000-"


@pytest.mark.parametrize("ranges", [False, "wrong"])
def test_a_server_without_ranges_sends_all_again(hub: Hub, tmp_path: Path, ranges: bool | str) -> None:
    hub.stop_after = 400_000
    refusal(hub, tmp_path)
    hub.stop_after, hub.ranges = None, ranges
    assert fetch(hub, tmp_path) == CONTENT


def test_a_part_that_is_longer_than_the_file_is_fetched_again(hub: Hub, tmp_path: Path) -> None:
    fetch(hub, tmp_path)
    target = tmp_path / "weights/network.onnx"
    target.rename(target.with_name(f"{hub.file().sha256}.part"))
    assert fetch(hub, tmp_path) == CONTENT
    assert len(hub.requests) == 2  # a download that was whole, but for its name
    target.rename(target.with_name(f"{hub.file().sha256}.part"))
    with target.with_name(f"{hub.file().sha256}.part").open("ab") as stream:
        stream.write(b"more")
    assert fetch(hub, tmp_path, size=False) == CONTENT


def test_a_part_with_a_flipped_bit_is_fetched_again(hub: Hub, tmp_path: Path) -> None:
    hub.sent, hub.stop_after = FLIPPED, 700_000
    refusal(hub, tmp_path)
    hub.sent = hub.stop_after = None
    assert fetch(hub, tmp_path) == CONTENT


def test_a_damaged_file_of_the_cache_is_fetched_again(hub: Hub, tmp_path: Path) -> None:
    fetch(hub, tmp_path)
    (tmp_path / "weights/network.onnx").write_bytes(FLIPPED)
    error = refusal(hub, tmp_path, HF_HUB_OFFLINE="1")
    assert "another file than the pinned one" in error.message
    assert fetch(hub, tmp_path) == CONTENT


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"sent": FLIPPED}, "has the sha256"),
        ({"sent": CONTENT[:-1]}, "1,000,002 of 1,000,003 bytes"),
        ({"sent": b""}, "0 of 1,000,003 bytes"),
        ({"sent": CONTENT + b"x"}, "more than 1,000,003 bytes"),
        ({"endless": True}, "more than 1,000,003 bytes"),
        ({"commit": "f" * 40}, "at the commit 'ffff"),
        ({"linked_size": 5}, "with 5 bytes instead of 1,000,003"),
        ({"linked_etag": "0" * 64}, "with the sha256 0000"),
        ({"location": f"/{REPOSITORY}/resolve/{COMMIT}/onnx/model.onnx"}, "without end"),
        ({"location": "file:///etc/passwd"}, "invalid address"),
        ({"location": "http://name:secret@127.0.0.1/"}, "invalid address"),
        ({"location": "http://[broken"}, "invalid address"),
        ({"location": "http://127.0.0.1:99999/"}, "invalid address"),
        ({"location": "/a b\u00e4"}, "invalid address"),
        ({"status": 401}, "status 401 .* set HF_TOKEN"),
        ({"status": 403}, "status 403 .* HF_TOKEN"),
        ({"status": 404}, "status 404 .* does not have it"),
        ({"status": 429}, "status 429 .* later"),
        ({"status": 503}, "status 503 .* later"),
        ({"status": 418}, "status 418"),
        ({"status": 206}, "part of onnx/model.onnx that was not requested"),
        ({"status": 429, "headers": {"Retry-After": "90"}}, "status 429 .* try again in 90 s"),
        ({"status": 503, "headers": {"Retry-After": "1200"}}, "status 503 .* try again in 1,200 s"),
        ({"status": 503, "headers": {"Retry-After": "soon"}}, "status 503 .* try again later"),
        ({"sent": b"<html>Log in</html>", "headers": {"Content-Type": "text/html; charset=utf-8"}},
         "sends a web page instead of onnx/model.onnx"),
        ({"sent": gzip.compress(CONTENT), "headers": {"Content-Encoding": "gzip"}}, "in the encoding 'gzip'"),
        ({"declared": 10}, "10 of 1,000,003 bytes"),
        ({"declared": 2_000_000}, "more than 1,000,003 bytes"),
        ({"declared": 1 << 62}, "more than 1,000,003 bytes"),
    ],
)  # fmt: skip
def test_a_wrong_response_is_refused_with_the_remedy(
    hub: Hub, tmp_path: Path, fault: dict[str, object], message: str
) -> None:
    for name, value in fault.items():
        setattr(hub, name, value)
    error = refusal(hub, tmp_path)
    assert isinstance(error, BackboneError)
    with pytest.raises(BackboneError, match=message):
        raise error
    assert_remedy(error, hub, tmp_path)
    assert not (tmp_path / "weights/network.onnx").exists()
    assert len(hub.requests) < 10


def test_a_web_page_has_a_remedy_of_its_own(hub: Hub, tmp_path: Path) -> None:
    hub.sent, hub.headers = b"<html>", {"Content-Type": "text/html"}
    assert "log in first" in refusal(hub, tmp_path).hint


@pytest.mark.parametrize("size", [True, False])
def test_a_resumed_download_of_other_content_is_fetched_again(hub: Hub, tmp_path: Path, size: bool) -> None:
    hub.sent, hub.stop_after = bytes(reversed(CONTENT)), 400_000
    refusal(hub, tmp_path, size=size)
    hub.sent = hub.stop_after = None
    assert fetch(hub, tmp_path, size=size) == CONTENT


def test_a_file_of_unknown_size_is_bounded(hub: Hub, tmp_path: Path) -> None:
    hub.declared = MAX_BYTES + 1
    assert f"more than {MAX_BYTES:,} bytes" in refusal(hub, tmp_path, size=False).message
    assert list((tmp_path / "weights").glob("*.part")) == []


def test_a_disk_without_room_is_noticed_before_the_download(hub: Hub, tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    pinned = replace(hub.file(), size=1 << 60)
    hub.linked_size, hub.declared = 1 << 60, 1 << 60
    with pytest.raises(StoreError, match=r"weights has [\d,]+ bytes left, and network.onnx needs 1,152,921") as caught:
        fetch_file(pinned, tmp_path, hub.environment())
    assert "Free disk space" in caught.value.hint
    assert abs(shutil.disk_usage(tmp_path).free - free) < 1 << 36


@pytest.mark.parametrize("blocked", ["weights", "weights/network.onnx.lock", f"weights/{SHA256}.part"])
def test_a_cache_that_cannot_be_written_is_named(hub: Hub, tmp_path: Path, blocked: str) -> None:
    path = tmp_path / blocked
    path.parent.mkdir(exist_ok=True)
    path.write_text("a file") if blocked == "weights" else path.mkdir()
    error = refusal(hub, tmp_path)
    assert isinstance(error, StoreError)
    assert "--cache" in error.hint


def fetcher(hub: Hub, cache: Path) -> subprocess.Popen[str]:
    code = (
        "import sys, hashlib; from pathlib import Path\n"
        "from discern.features.backbones.hub_address import HubFile\n"
        "from discern.features.backbones.hub_download import fetch_file\n"
        f"data = fetch_file({hub.file()!r}, Path({str(cache)!r}), {hub.environment()!r})\n"
        "print(hashlib.sha256(data).hexdigest())"
    )
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_killed_download_is_resumed_while_another_process_waits(hub: Hub, tmp_path: Path) -> None:
    hub.pause = 0.1
    part = tmp_path / f"weights/{SHA256}.part"
    with fetcher(hub, tmp_path) as first:
        wait_until(lambda: part.is_file() and part.stat().st_size > 0)
        with fetcher(hub, tmp_path) as second:
            hub.pause = 0.0
            first.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
            printed, errors = second.communicate(timeout=120)
    assert printed.strip() == SHA256, errors
    assert "Range" in hub.requests[-1][1]
    assert not part.exists()


def test_progress_counts_megabytes(hub: Hub, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    fetch_file(hub.file(), tmp_path, hub.environment(), lambda *step: seen.append(step))
    assert seen[-1] == ("fetch network.onnx (MB)", 2, 2)
    assert {total for _, _, total in seen} == {2}
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_ever_new_redirects_are_refused(hub: Hub, tmp_path: Path) -> None:
    hub.location = "x/"
    assert "without end" in refusal(hub, tmp_path).message
    assert len(hub.requests) < 10


def test_a_body_of_unknown_size_with_a_flipped_bit_is_refused(hub: Hub, tmp_path: Path) -> None:
    hub.sent, hub.chunked = FLIPPED, True
    assert "has the sha256" in refusal(hub, tmp_path, size=False).message


@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
@pytest.mark.parametrize("value", ["1", "true", "ON", "yes"])
def test_nothing_is_requested_offline(hub: Hub, tmp_path: Path, name: str, value: str) -> None:
    error = refusal(hub, tmp_path, **{name: value})
    assert "forbids its download" in error.message
    assert_remedy(error, hub, tmp_path)
    assert hub.requests == []
    assert not any(tmp_path.iterdir())


def test_a_file_saved_by_hand_is_used(hub: Hub, tmp_path: Path) -> None:
    refusal(hub, tmp_path, HF_HUB_OFFLINE="1")
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights/network.onnx").write_bytes(CONTENT)
    assert fetch(hub, tmp_path, HF_HUB_OFFLINE="1") == CONTENT
    assert hub.requests == []


def test_a_file_of_the_folder_of_weights_is_used_if_it_is_the_pinned_one(hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "brought"
    folder.mkdir()
    (folder / "network.onnx").write_bytes(CONTENT)
    assert fetch(hub, tmp_path, DISCERN_WEIGHTS=str(folder)) == CONTENT
    (folder / "network.onnx").write_bytes(FLIPPED)
    error = refusal(hub, tmp_path, DISCERN_WEIGHTS=str(folder))
    assert COMMIT in error.message
    assert hub.file().sha256 in error.hint
    assert hub.requests == []


@pytest.mark.parametrize(
    ("variable", "below"), [("HF_HUB_CACHE", ""), ("HF_HOME", "hub"), ("XDG_CACHE_HOME", "huggingface/hub")]
)
def test_a_file_in_the_cache_of_the_hubs_client_is_used(hub: Hub, tmp_path: Path, variable: str, below: str) -> None:
    path = tmp_path / below / "models--owner--network/snapshots" / COMMIT / "onnx/model.onnx"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    environment = {name: value for name, value in hub.environment().items() if name == "HF_ENDPOINT"}
    environment[variable] = str(tmp_path)
    assert fetch_file(hub.file(), tmp_path / "ours", environment) == CONTENT
    assert hub.requests == []
    path.write_bytes(FLIPPED)
    assert fetch_file(hub.file(), tmp_path / "ours", environment) == CONTENT
    assert len(hub.requests) == 2


def test_a_server_that_does_not_listen_is_named(hub: Hub, tmp_path: Path) -> None:
    error = refusal(hub, tmp_path, HF_ENDPOINT="http://127.0.0.1:9")
    assert "127.0.0.1:9 cannot be reached" in error.message
    assert "save it as" in error.hint


def test_the_token_is_sent_to_the_endpoint_alone(hub: Hub, tmp_path: Path) -> None:
    with serve_hub(CONTENT) as cdn:
        hub.location = f"{cdn.address}/cdn"
        assert fetch(hub, tmp_path, HF_TOKEN=" hf_secret\n") == CONTENT
        assert [headers.get("Authorization") for _, headers in hub.requests] == ["Bearer hf_secret"]
        assert [headers.get("Authorization") for _, headers in cdn.requests] == [None]


def test_the_token_is_not_in_messages(hub: Hub, tmp_path: Path) -> None:
    hub.status = 401
    assert "secret" not in str(refusal(hub, tmp_path, HF_TOKEN="hf_secret"))
